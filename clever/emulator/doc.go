// Package emulator plays the platform on this machine: the add-on plane that
// package clever speaks to, as an http.Handler over a world that can be kept in
// a file. Unmodified clients of the vendor can talk to it.
//
// It offers a copy of the platform's catalogue, whose ids are the real ones where
// they were published, and its responses have the shapes that docs/platform.md
// describes. Whatever it hands out (hosts, passwords) leads nowhere, or where
// Options.Services and Options.Behind say.
//
// # Refusals
//
// The platform's own error numbers are known for few cases: 11001 with 404 for an
// add-on that does not exist, 10300 with 403 for one of another owner, 4002 for an
// application of another owner (as a 403), 4014 for one that was never deployed (as
// a 400), 4021 with 404 for one without a favourite domain, 557 for a variable's name
// (as a 400). No source gives the others, so the emulator has its own, below "emulator":
//
//	status  v2 id  v4 code                     when
//	400     90001  emulator.bad-path           the path's escapes are wrong
//	401     90002  emulator.unauthorized       no credentials, or wrong ones; the message says which part
//	404     90003  emulator.no-such-path       nothing answers at this path
//	405     90004  emulator.method             the path does not know the method
//	400     90005  emulator.bad-body           not JSON, not UTF-8, or a member of the wrong type
//	413     90006  emulator.body-too-large     more than a mebibyte
//	404     90010  emulator.no-such-owner      no such user or organisation; where owners are given, the message has them
//	404     90011  emulator.not-found          no such provider, zone, migration, cli token, application, network group, drain, consumer
//	410     90012  emulator.discontinued       preorders
//	400     90020  emulator.bad-name           add-on or tag names: empty, or longer than 255 characters
//	400     90021  emulator.unknown-provider   the order's providerId
//	400     90022  emulator.unknown-plan       the order's plan: not an id, not the provider's, or retired
//	400     90023  emulator.unknown-region     the order's region: not a zone of the plan
//	400     90024  emulator.unknown-version    the order's options.version
//	400     90025  emulator.cannot-migrate     the provider's add-ons cannot be changed so
//	400     90026  emulator.unknown-option     the order's options (StrictOptions only)
//	400     90030  emulator.bad-callback       a login's oauth_callback
//	403     90031  emulator.login-denied       the user denied a command line's login
//	403     90032  emulator.other-site         a browser's page of another origin, or another Host (Console only)
//	403     90033  emulator.missing-right      the user did not allow the token that; the message names the right
//	403     90034  emulator.own-token          it cannot be revoked: it is always the same
//	500     90050  emulator.not-saved          the state file could not be written; nothing was changed
//	429     90052  emulator.too-many-requests  a Fault wants it
//	503     -500   emulator.unavailable        a Fault wants it; the number is the platform's own
//	500     90053  emulator.no-database        the server behind the add-ons (Options.Behind) did not do it
//	499     90051  emulator.gone               the client went away before it was answered
//	422     90060  emulator.vendor-refused     the vendor of an add-on refused an order; the message has its words
//	424     90061  emulator.vendor-failed      its back-end does not do its part; why, Options.Warn says, and no customer hears
//	409     90062  emulator.not-ready          a dashboard: the vendor has not made the add-on yet, or it has none
//	403     90070  emulator.only-organisations  the personal space has no addonproviders
//	400     90071  emulator.bad-manifest       a provider's manifest; every problem is in "fields", by its JSON pointer
//	409     90072  emulator.exists             the id of a provider, the name of a feature, the slug or name of a plan is taken
//	409     90073  emulator.in-use             a provider with add-ons cannot be removed
//	400     90075  emulator.bad-feature        a feature's type, or a plan's feature that the provider does not have
//	400     90076  emulator.bad-plan           a plan's slug or price
//	400     90080  emulator.bad-application    an application's type, zone, flavors, number of instances, lifetime
//	400     90082  emulator.bad-domain         a domain's form; one that another application has is a 409
//	400     90083  emulator.bad-network-group  a network group's id, or a member that is nothing of its owner's
//	400     90084  emulator.bad-logs           since, until or limit of logs
//	400     90085  emulator.bad-drain          a drain's kind or recipient
//	400     90086  emulator.bad-consumer       an OAuth consumer's baseUrl
//	400     90087  emulator.bad-token          an API token's expirationDate
//
// In v2 the member at fault is named in "fields".
//
// # Applications
//
// Applications are made, scaled, linked and removed, and have variables, exposed ones,
// domains, dependencies and tags; they never deploy. An add-on's variables reach what is
// linked to it as the platform hands them on, a config provider's content included.
// Network groups have addresses and peers, and carry nothing. An application's log is
// empty; an add-on's tells of its orders. Drains and hooks are kept, and send nothing.
//
// # Hosts
//
// Options.Services says where the hosts that are handed out lead. There, buckets
// (S3 with path-style addresses and signatures of version 4; 8 MiB an object, 32 MiB a
// bucket, no multipart uploads) and the retention of Pulsar's namespaces are served,
// and a client of PostgreSQL, MySQL or Redis hears at once that there is nothing.
// Without it, hosts have the platform's names, which lead nowhere.
//
// # Vendors
//
// What Options.Vendors name, and organisations register, is offered beside the
// platform's own add-ons, and run by back-ends that are called for real (package
// vendor has the protocol, in four dialects). An order is kept before the vendor is
// called, with the key that all repeats of the call have; a vendor that holds to
// its dialect makes one add-on of one key. So an answer that was lost, and a
// process that was killed at any moment, come to one add-on here and there:
//
//	provisioning  ordered; listed with the names of its variables, and without values
//	active        made
//	changing      to another plan: a migration that runs; refused, the old plan stays
//	removing      no longer its owner's, and kept until the vendor says that it is gone, or could
//	              not be asked for a day: then there is a warning, and it is forgotten here
//
// Whoever orders or changes waits twenty seconds for the vendor; after that, and
// at the next start, it goes on by itself: after 0, 2, 5, 15 and 60 seconds, then
// every five minutes for a day. A back-end that answers 202 has twelve hours to call
// back. It does so at /v2/vendor/apps/ID (Clever Cloud), /vendor/apps/ID (AppFog,
// Heroku v1) or /addons/ID/config and /addons/ID/actions/ACTION (Heroku v3), with its
// manifest's id and password, and sees its own add-ons only. What a call to a vendor says
// of the region is the zone, where the manifest names it, or what the dialect says of
// most add-ons. Moving an add-on elsewhere is more than a vendor can be asked for.
// The /sso of an add-on has the signed form that opens its dashboard, once.
//
// # Sellers
//
// An organisation registers a provider by its manifest (…/addonproviders), and gives it
// features and plans, with the calls of the platform's own JavaScript client. Such
// a provider is ALPHA: only its organisation sees it and orders from it, and its
// back-end is called at the manifest's site for tests. Nothing of what is below the
// manifest's "api" is ever answered. What the platform answers to mistakes, no source
// says; a plan that is changed has only the features that are sent.
//
// # Logins
//
// A consumer's login (/v2/oauth/…) and a command line's (/cli-oauth, which is a
// page of the console on the platform, and /v2/self/cli_tokens) end with tokens of
// their own, which are kept with the world. Whoever can open the page is the one
// user. A consumer's token may do what was ticked on the page, and no more. The names
// of the rights are the platform's; which calls need which is not documented
// [?], and here it is what the names say:
//
//	access_personal_information    GET /v2/self, and the list of tokens
//	manage_personal_information    to end other tokens
//	access_organisations           every other GET that needs a token
//	manage_organisations           OAuth consumers
//	manage_organisations_applications  every other method below /applications
//	manage_organisations_services  every other method ("services" are add-ons)
//	none                           /v2/self/id, and what a token asks and does about itself
//
// A command line's token may do everything, as may the token that Credentials returns.
//
// # The state file
//
// What is answered is written: a change is seen by nobody and answered to nobody
// before the file holds it, on the disk and not in its cache. Changes that come
// while the file is being written share the next writing, which they get whole or
// not at all. So a process that is killed at any moment leaves a file that can be
// read and that holds every order that was answered, and no add-on whose removal
// was; of the changes that were not answered, any may be in it.
//
// The file (mode 0600: passwords are in it) has a line of JSON for each writing,
// which begins with a checksum (CRC-32C) of the rest of the line. The first has
// the file's version (3; older ones are read, and written anew with the first change),
// and the owners and logins; the others say which add-ons were put or removed, and
// which rows of tables: applications, network groups, drains, consumers and the like. Lines are appended. When most of them are of the past, a fresh file
// is drawn beside it while changes go on, and takes its place at once.
//
// What stands behind the last end of a line was being written when the process was
// killed, and is passed over. Any other line that is not as it was written is an
// error that names it, and leaves the file as it is; so is a version that is newer
// than this program. When the disk is full, changes are refused until it is not. A
// file that is changed or taken away while the emulator has it is written anew with
// the next change. With Options.State "" nothing outlives the process.
//
// # Faults
//
// Options.Faults and Emulator.Fail let things go wrong on purpose: connections
// are cut, answers lost or broken, tokens expire. ParseFault has the text form.
package emulator
