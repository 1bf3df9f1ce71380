// Package tasks holds the kinds of tasks that a playbook can use: one file each,
// one list.
//
// It knows the engine's kinds and the platform's client. How a task was written, in
// which order tasks run, and what is printed of them, it does not know.
package tasks

import "runner/engine"

// Kinds lists the kinds, in the order in which `runner doc` shows them. Without
// a cloud they can be checked but not run.
func Kinds(cloud *Cloud) []engine.Kind {
	return []engine.Kind{
		addonRegister(cloud),    // orders an add-on, or finds the one that is there
		addonRemove(cloud),      // removes one
		addonInfo(cloud),        // lists what there is
		addonLink(cloud),        // links an application to an add-on, or ends a link
		addonConfig(cloud),      // fills a configuration provider
		appEnv(cloud),           // sets an application's own variables
		networkGroup(cloud),     // connects add-ons and applications
		addonPrune(cloud),       // removes what a scope no longer declares
		providerRegister(cloud), // registers a provider of add-ons, its features and plans
		providerRemove(cloud),   // removes one
		envFile(cloud),          // writes variables to a file
		debug(),                 // shows a text or a value
		setFact(),               // sets variables
		assert(),                // fails unless conditions hold
		fail(),                  // fails
		pause(),                 // waits for a while, or for the user
		includeTasks(),          // brings in the tasks of a file
		includeVars(),           // reads variables from a file
		setup(),                 // gathers facts of this machine
		includeRole(),           // brings in a role
		meta(),                  // ends the play, or runs handlers now
	}
}
