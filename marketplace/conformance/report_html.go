package conformance

import "html/template"

// page is the report as one file for a browser, without scripts and without anything
// from elsewhere.
var page = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Addon}} ({{.Dialect}})</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
.failed,.advice,.noted{border-left:.4rem solid;padding:.2rem 1rem;margin:1rem 0;background:#f6f6f6}
.failed{border-color:#b3261e}.advice{border-color:#b58900}.noted{border-color:#888}
dt{font-weight:600}dd{margin:0 0 .4rem;overflow-wrap:anywhere}code{font-size:.9em}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
</style></head><body>
<h1>{{.Addon}} <small>({{.Dialect}})</small></h1>
<p><code>{{.URL}}</code></p><p><strong>{{.Conclusion}}</strong></p>
{{range .Left}}<p>Left behind: <code>{{.}}</code></p>{{end}}
{{range .Breaches}}<section class="{{.Status}}"><h2>{{.ID}} {{.Title}}</h2><dl>
<dt>Level</dt><dd>{{.Level}}, {{.Section}}</dd>
{{range $i, $sent := .Sent}}<dt>{{if $i}}Compared with{{else}}Asked{{end}}</dt><dd><code>{{$sent}}</code></dd>{{end}}
<dt>Expected</dt><dd>{{.Expected}}</dd><dt>Came</dt><dd>{{.Came}}</dd>
{{with .Means}}<dt>What it means</dt><dd>{{.}}</dd>{{end}}{{with .Fix}}<dt>What to change</dt><dd>{{.}}</dd>{{end}}
{{with .Source.Link}}<dt>Source</dt><dd><a href="{{.}}">{{.}}</a></dd>{{end}}
</dl></section>{{end}}
<h2>All checks</h2><table><tr><th>Check</th><th>Level</th><th>Result</th><th>What</th></tr>
{{range .Results}}<tr><td>{{.ID}}</td><td>{{.Level}}</td><td>{{.Status}}</td><td>{{.Title}}{{if eq .Status "skipped"}}: {{.Came}}{{end}}</td></tr>
{{end}}</table></body></html>
`))
