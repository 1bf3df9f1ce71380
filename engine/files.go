package engine

import (
	"path/filepath"
	"strings"
	"sync"

	"runner/engine/expr/value"
	"runner/engine/schedule"
)

// plannedFiles are files that tasks of a check would write: what is in them is not
// known.
type plannedFiles struct {
	mu sync.Mutex
	by map[string]string // path → the task's name
}

func (p *plannedFiles) add(path, task string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.by == nil {
		p.by = map[string]string{}
	}
	p.by[path] = task
}

// find returns who would write a file, or one in a folder.
func (p *plannedFiles) find(path string) *value.Unknown {
	p.mu.Lock()
	defer p.mu.Unlock()
	for file, task := range p.by {
		if file == path || strings.HasPrefix(file, path+string(filepath.Separator)) {
			return &value.Unknown{Task: task}
		}
	}
	return nil
}

// filePath returns the one name of a file: absolute, links resolved, as far as its
// folders exist. A relative one stands beside the playbook.
func (p *playRun) filePath(name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(p.play.File), name)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return filepath.Clean(name)
	}
	rest := ""
	for dir := path; ; dir = filepath.Dir(dir) {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			return filepath.Join(real, rest)
		}
		if dir == filepath.Dir(dir) {
			return path
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// uses returns what a task uses, as the schedule knows it.
func (p *playRun) uses(task ResourceUser) []schedule.Use {
	var uses []schedule.Use
	for _, r := range task.Resources() {
		path := r.Path
		if r.File {
			path = p.fileUse(p.filePath(r.Path))
		}
		uses = append(uses, schedule.Use{Path: path, Read: r.Read})
	}
	return uses
}

func (p *playRun) fileUse(path string) string { return "files" + filepath.ToSlash(path) }

// planFiles notes the files that a task would write.
func (a *attempt) planFiles(task Task) {
	user, ok := task.(ResourceUser)
	if !ok {
		return
	}
	for _, r := range user.Resources() {
		if r.File && !r.Read && r.Path != "" {
			a.play.planned.add(a.play.filePath(r.Path), a.name)
		}
	}
}

// BeforeFile waits for the tasks above that write a file, or one in a folder.
func (s *scope) BeforeFile(name string) *value.Unknown {
	path := s.of.filePath(name)
	if s.worker != nil {
		s.worker.Claim([]schedule.Use{{Path: s.of.fileUse(path), Read: true}}, true)
	}
	return s.of.planned.find(path)
}

// BeforeProgram waits for all tasks above.
func (s *scope) BeforeProgram() {
	if s.worker != nil {
		s.worker.WaitForAll()
		s.worker.Claim([]schedule.Use{{Read: true}}, true)
	}
}
