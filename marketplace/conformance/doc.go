// Package conformance tests a provider's back-end as a marketplace will use it: it
// orders add-ons, changes and removes them, signs in, and does all of that wrong
// on purpose. It goes on after a failure, and removes what it made.
//
// It knows the four dialects of package manifest, and what their documentations ask
// for. It knows no back-end but by what it answers.
//
// # Required, and advised
//
// A check is required in a dialect where a sentence of that marketplace's documentation
// asks for it, or where somebody else could use customers' add-ons: Check.Source names
// the sentence. All others are advice. What decides is what happens, not how it is
// said: a sign-in is refused if there is no session, no dashboard and no variable after
// it, whatever its status; an add-on is there if it can be opened, changed or ordered
// again. Of a defect there is one finding: checks that stand on what another one found
// missing are skipped, and name it.
//
// # Which check is which
//
// K1 to K42 are what kensa 3.1.0 held back-ends to, numbered in its order; the N
// checks are those that it lacked: N1 to N9, N107 and N108 credentials, N10 to N24
// and N93 orders, N30 to N39 repetition and time, N40 to N46 and N59 variables, N50 to
// N58 plans, N60 to N69 removal, N70 to N89, N98 to N106 and N109 single sign-on and
// secrets, N90 to N97 all calls and callbacks. A few are made under another id, or differ from
// kensa's on purpose:
//
//   - K2 and K3, an id that is a text and not empty, are K1's: one rule, M010, holds
//     all three. K5, api is an object, is K4's. Of a manifest with errors nobody
//     orders anything, so these only advise in practice.
//   - K23 looks for the number that was sent; kensa drew another one.
//   - K25, variables that are not declared, is an advice where a marketplace passes
//     over them; N40 is K25, and N41 is K27.
//   - K31 holds; kensa's never asserted anything. Two orders are of one application
//     only where the manifest requires many_per_app. N32 is K31 for the ids, and N43
//     for the variables.
//   - K33 tries wrong credentials on an add-on that is there, and N7 on one that is not.
//   - K37 and K38 wanted 403: that is N106, an advice.
//   - K38, a proof of six minutes ago, is an advice, as Clever Cloud's documentation
//     has "a few minutes (like 5)"; N72, one of an hour ago, is required.
//   - K40 and K41, the header of Heroku's pages, are made for heroku-v1 and when the
//     profile heroku-header is asked for: no marketplace wants it today.
//   - K42 and N64 run the provider's own command, and are skipped without one.
//   - N84 lets nobody but the console frame a page. Whether the console does is set
//     at the platform and not in the manifest, so it must be able to only if
//     Options.Console says so.
//   - N85, no password for browsers, is a part of K39.
//   - N86 is made when the profile timing is asked for: 200 sign-ins, whose times
//     say something over a quiet network only. It notes, and never fails.
//   - N90 is skipped for http on this machine. A back-end whose certificate is not
//     trusted fails K18 and N90, and gets no password.
//   - K19, N94, N95, N96 and N97 need a marketplace that the back-end can call.
package conformance
