// Package conformance tests a vendor's back-end as a marketplace will use it: it
// orders add-ons, changes and removes them, signs in, and does all of that wrong
// on purpose. It goes on after a failure, and removes what it made.
//
// # Which check is which
//
// K1 to K42 are what kensa 3.1.0 held back-ends to, numbered in its order; the N
// checks are those that it lacked: N1 to N8 credentials, N10 to N22 orders, N30 to
// N37 repetition and time, N40 to N44 variables, N50 to N55 plans, N60 to N66
// removal, N70 to N86 single sign-on, N90 to N97 all calls and callbacks. A few of
// them are made under another id, or differ from kensa's on purpose:
//
//   - K2 and K3, an id that is a text and not empty, are K1's: one rule, M010, holds
//     all three. K5, api is an object, is K4's. Of a manifest with errors nobody
//     orders anything, so these only warn in practice.
//   - K23 looks for the number that was sent; kensa drew another one.
//   - K25 warns as N40, and K27 as N41, where a marketplace passes over what is wrong.
//   - K26 warns, as in kensa.
//   - K28 refuses the customer's own machine unless the back-end is on it, as it is
//     while it is developed; N44, which asks whether others reach the host, is
//     skipped then.
//   - K31 holds; kensa's never asserted anything. N32 is K31 for the ids, and N43
//     for the variables.
//   - K33 removes first, and then tries wrong credentials: they are looked at before
//     the add-on is.
//   - K40 and K41, the header of Heroku's pages, are made for heroku-v1 and when the
//     profile heroku-header is asked for: no marketplace wants it today.
//   - K42 and N64 run the vendor's own command, and are skipped without one.
//   - N36 and N20 fail at heroku-v3, whose documentation demands it, and warn elsewhere.
//   - N84 lets nobody but the console frame a page. Whether the console does is set
//     at the platform and not in the manifest, so it must be able to only if
//     Options.Console says so.
//   - N86 is made when the profile timing is asked for: 200 sign-ins, whose times
//     say something over a quiet network only. It notes, and never fails.
//   - N90 is skipped for http on this machine. A back-end whose certificate is not
//     trusted fails K18 and N90, and gets no password.
//   - K19, N94, N95, N96 and N97 need a marketplace that the back-end can call.
//
// It knows back-ends by their manifest and their answers alone: neither their code
// nor the platform that they will serve.
package conformance
