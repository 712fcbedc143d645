// redstart as a user runs it: its spans, its metrics, and what it leaves behind.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const (
	metricsPort  = 29099
	startTimeout = 60 * time.Second // emulated: the verifier takes seconds
	spanTimeout  = 15 * time.Second
	settleTime   = 700 * time.Millisecond
)

type span struct {
	Kind       string
	Duration   int64  `json:"duration_ns"`
	Queue      *int64 `json:"queue_ns"`
	Attributes map[string]any
}

// What a client knows of its exchange; sizes -1: not compared.
type want struct {
	method, path      string
	status            int
	request, response int64
}

type redstart struct {
	command *exec.Cmd
	mutex   sync.Mutex
	spans   []span
	log     strings.Builder
	ready   chan struct{}
	before  int
}

func programs() string {
	if folder := os.Getenv("REDSTART_BIN_DIR"); folder != "" {
		return folder + "/"
	}
	return "/bin/"
}

// Programs loaded into the kernel, anyone's.
func bpfPrograms() int {
	const getNextProgram = 11 // enum bpf_cmd: BPF_PROG_GET_NEXT_ID
	call := map[string]uintptr{"amd64": 321, "arm64": 280}[runtime.GOARCH]
	attribute := struct{ start, next, flags uint32 }{}
	count := 0
	for {
		_, _, err := syscall.Syscall(call, getNextProgram, uintptr(unsafe.Pointer(&attribute)), unsafe.Sizeof(attribute))
		if err != 0 {
			return count
		}
		attribute.start = attribute.next
		count++
	}
}

func start(variant string, arguments ...string) (*redstart, error) {
	r := &redstart{ready: make(chan struct{}), before: bpfPrograms()}
	arguments = append([]string{"run", "--print-traces=json", "--prometheus", strconv.Itoa(metricsPort), "--variant", variant}, arguments...)
	r.command = exec.Command(programs()+"redstart", arguments...)
	output, _ := r.command.StdoutPipe()
	log, _ := r.command.StderrPipe()
	if err := r.command.Start(); err != nil {
		return nil, err
	}
	go r.readSpans(output)
	ended := make(chan struct{})
	go r.readLog(log, ended)
	select {
	case <-r.ready:
		return r, nil
	case <-ended:
		r.command.Wait()
		return nil, fmt.Errorf("exit code %d", r.command.ProcessState.ExitCode())
	case <-time.After(startTimeout):
		r.command.Process.Kill()
		return nil, errors.New("not ready in time")
	}
}

func (r *redstart) readSpans(output io.Reader) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one span
		if json.Unmarshal(lines.Bytes(), &one) == nil {
			r.mutex.Lock()
			r.spans = append(r.spans, one)
			r.mutex.Unlock()
		}
	}
}

func (r *redstart) readLog(log io.Reader, ended chan struct{}) {
	for lines := bufio.NewScanner(log); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if lines.Text() == "redstart: ready" {
			close(r.ready)
		}
	}
	close(ended)
}

// Exit code 0, and no program of ours is left.
func (r *redstart) stop() error {
	r.command.Process.Signal(os.Interrupt)
	if err := r.command.Wait(); err != nil {
		return err
	}
	for i := 0; i < 50; i++ { // the kernel drops them a moment later
		if bpfPrograms() <= r.before {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("%d programs are left, %d before", bpfPrograms(), r.before)
}

func (s span) text(name string) string {
	value, _ := s.Attributes[name].(string)
	return value
}

func (s span) number(name string) int64 {
	value, known := s.Attributes[name].(float64)
	if !known {
		return -1
	}
	return int64(value)
}

// Spans of a kind on a server's port; port 0: on Unix sockets, told by their path.
func (r *redstart) of(kind string, port int) []span {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	var found []span
	for _, one := range r.spans {
		here := one.number("server.port") == int64(port)
		if port == 0 {
			here = strings.HasPrefix(one.text("url.path"), "/unix")
		}
		if one.Kind == kind && here {
			found = append(found, one)
		}
	}
	return found
}

// Waits until there are n of them, and a little for one too many.
func (r *redstart) await(kind string, port, n int) []span {
	for end := time.Now().Add(spanTimeout); time.Now().Before(end) && len(r.of(kind, port)) < n; {
		time.Sleep(50 * time.Millisecond)
	}
	time.Sleep(settleTime)
	return r.of(kind, port)
}

func (w want) String() string {
	return fmt.Sprintf("%s %s %d %d %d", w.method, w.path, w.status, w.request, w.response)
}

func counts(texts []string) string {
	sort.Strings(texts)
	var all []string
	for i := 0; i < len(texts); {
		n := i
		for n < len(texts) && texts[n] == texts[i] {
			n++
		}
		all = append(all, fmt.Sprintf("%dx %s", n-i, texts[i]))
		i = n
	}
	return strings.Join(all, ", ")
}

func compare(seen []span, wanted []want) error {
	var left, right []string
	compared := map[string]want{}
	for _, one := range wanted {
		right = append(right, one.String())
		compared[one.method+one.path] = one
	}
	for _, one := range seen {
		w := want{one.text("http.request.method"), one.text("url.path"), int(one.number("http.response.status_code")),
			one.number("http.request.body.size"), one.number("http.response.body.size")}
		if compared[w.method+w.path].request < 0 {
			w.request = -1
		}
		if compared[w.method+w.path].response < 0 {
			w.response = -1
		}
		left = append(left, w.String())
	}
	if a, b := counts(left), counts(right); a != b {
		return fmt.Errorf("saw [%s], expected [%s]", a, b)
	}
	return nil
}

func (r *redstart) expect(port int, wanted ...want) error {
	return compare(r.await("server", port, len(wanted)), wanted)
}

// The sum of a metric's samples whose labels match the expression.
func metric(name, labels string) float64 {
	response, err := http.Get(fmt.Sprintf("http://localhost:%d/metrics", metricsPort))
	if err != nil {
		return -1
	}
	defer response.Body.Close()
	sum, matcher := 0.0, regexp.MustCompile(labels)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || !strings.HasPrefix(fields[0], name) || !matcher.MatchString(fields[0]) {
			continue
		}
		if rest := fields[0][len(name):]; rest == "" || rest[0] == '{' {
			value, _ := strconv.ParseFloat(fields[len(fields)-1], 64)
			sum += value
		}
	}
	return sum
}
