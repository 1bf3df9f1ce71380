package lsp

import "encoding/json"

// The messages of the Language Server Protocol, version 3.17, as far as the server
// takes part in them. Names and meanings are the specification's.

// A Position is a place in a document: a line from 0, and units of UTF-16 in it.
type Position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

// A Range is from one position up to another.
type Range struct {
	Start Position `json:"start"`
	End   Position `json:"end"`
}

// A Location is a range of a document.
type Location struct {
	URI   string `json:"uri"`
	Range Range  `json:"range"`
}

type document struct {
	URI        string `json:"uri"`
	LanguageID string `json:"languageId"`
	Version    int    `json:"version"`
	Text       string `json:"text"`
}

type documentID struct {
	URI     string `json:"uri"`
	Version int    `json:"version"`
}

// A ContentChange replaces a range of a document, or all of it.
type ContentChange struct {
	Range *Range `json:"range"`
	Text  string `json:"text"`
}

type (
	initializeParams struct {
		RootURI          string          `json:"rootUri"`
		RootPath         string          `json:"rootPath"`
		WorkspaceFolders []folder        `json:"workspaceFolders"`
		Capabilities     clientCaps      `json:"capabilities"`
		Options          json.RawMessage `json:"initializationOptions"`
	}
	folder struct {
		URI string `json:"uri"`
	}
	clientCaps struct {
		Workspace struct {
			DidChangeWatchedFiles struct {
				DynamicRegistration bool `json:"dynamicRegistration"`
			} `json:"didChangeWatchedFiles"`
		} `json:"workspace"`
	}
	openParams struct {
		Document document `json:"textDocument"`
	}
	changeParams struct {
		Document documentID      `json:"textDocument"`
		Changes  []ContentChange `json:"contentChanges"`
	}
	documentParams struct {
		Document documentID `json:"textDocument"`
	}
	watchedParams struct {
		Changes []struct {
			URI string `json:"uri"`
		} `json:"changes"`
	}
	positionParams struct {
		Document documentID `json:"textDocument"`
		Position Position   `json:"position"`
	}
	referenceParams struct {
		positionParams
		Context struct {
			IncludeDeclaration bool `json:"includeDeclaration"`
		} `json:"context"`
	}
	actionParams struct {
		Document documentID `json:"textDocument"`
		Range    Range      `json:"range"`
		Context  struct {
			Only []string `json:"only"`
		} `json:"context"`
	}
	cancelParams struct {
		ID json.RawMessage `json:"id"`
	}
)

// Severities of diagnostics.
const (
	severityError   = 1
	severityWarning = 2
)

// A Diagnostic is what is wrong with a range of a document.
type Diagnostic struct {
	Range    Range  `json:"range"`
	Severity int    `json:"severity"`
	Code     string `json:"code,omitempty"`
	Source   string `json:"source"`
	Message  string `json:"message"`
}

type publishParams struct {
	URI         string       `json:"uri"`
	Version     *int         `json:"version,omitempty"`
	Diagnostics []Diagnostic `json:"diagnostics"`
}

// Kinds of what completes, of the protocol's numbers.
const (
	itemMethod   = 2
	itemFunction = 3
	itemField    = 5
	itemVariable = 6
	itemModule   = 9
	itemProperty = 10
	itemValue    = 12
	itemKeyword  = 14
	itemFile     = 17
	itemFolder   = 19
	itemEvent    = 23
	itemOperator = 24
)

// A CompletionItem is something that can stand at the cursor.
type CompletionItem struct {
	Label         string   `json:"label"`
	Kind          int      `json:"kind"`
	Detail        string   `json:"detail,omitempty"`
	Documentation *Markup  `json:"documentation,omitempty"`
	SortText      string   `json:"sortText,omitempty"`
	FilterText    string   `json:"filterText,omitempty"`
	TextEdit      TextEdit `json:"textEdit"`
}

type completionList struct {
	IsIncomplete bool             `json:"isIncomplete"`
	Items        []CompletionItem `json:"items"`
}

// A Markup is a text in Markdown.
type Markup struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

func markdown(text string) *Markup { return &Markup{Kind: "markdown", Value: text} }

// A TextEdit replaces a range.
type TextEdit struct {
	Range   Range  `json:"range"`
	NewText string `json:"newText"`
}

// A Hover is what is shown of a range.
type Hover struct {
	Contents *Markup `json:"contents"`
	Range    Range   `json:"range"`
}

// Kinds of symbols, of the protocol's numbers.
const (
	symbolModule    = 2
	symbolNamespace = 3
	symbolFunction  = 12
	symbolVariable  = 13
	symbolProperty  = 7
	symbolEvent     = 24
)

// A Symbol is a part of a document: a play, a task, a variable.
type Symbol struct {
	Name           string   `json:"name"`
	Detail         string   `json:"detail,omitempty"`
	Kind           int      `json:"kind"`
	Range          Range    `json:"range"`
	SelectionRange Range    `json:"selectionRange"`
	Children       []Symbol `json:"children,omitempty"`
}

// A CodeAction is a change that is offered.
type CodeAction struct {
	Title       string        `json:"title"`
	Kind        string        `json:"kind"`
	Diagnostics []Diagnostic  `json:"diagnostics"`
	IsPreferred bool          `json:"isPreferred"`
	Edit        workspaceEdit `json:"edit"`
}

type workspaceEdit struct {
	Changes map[string][]TextEdit `json:"changes"`
}
