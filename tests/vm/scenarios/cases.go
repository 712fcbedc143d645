// The cases. Each has its own port, so that they can share one run of redstart.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

const firstPort = 29100 // on a machine in use lower ones may be taken

var errCounted, errUnseen, errSecond = errors.New("counted"), errors.New("unseen"), errors.New("second")

type bench struct {
	*redstart
	port int
	sent int // all exchanges with a status that are to be seen
}

type testCase struct {
	name   string
	server []string // options of peers/server.c; nil: the case starts its own
	run    func(*bench) error
	differ string // an outcome besides ok that is a known difference
}

func (b *bench) where() string { return fmt.Sprint(b.port) }

// Sends, and expects all of it.
func (b *bench) simple(method, path string, body, connections, times int) error {
	wanted, err := exchanges(b.where(), method, path, body, connections, times)
	if err != nil {
		return err
	}
	b.sent += len(wanted)
	return b.expect(b.port, wanted...)
}

var none = []string{}

var cases = []testCase{
	{"existing connection", none, existingConnection, "second"},
	{"keep-alive", none, func(b *bench) error { return b.simple("GET", "/keep", 0, 1, 20) }, ""},
	{"connection close", none, func(b *bench) error { return b.simple("GET", "/close", 0, 10, 1) }, ""},
	{"post", none, func(b *bench) error { return b.simple("POST", "/post", 100, 2, 5) }, ""},
	{"head", none, func(b *bench) error { return b.simple("HEAD", "/head", 0, 1, 3) }, ""},
	{"chunked", none, func(b *bench) error { return b.simple("GET", "/chunked", 0, 1, 3) }, ""},
	{"large request", none, func(b *bench) error { return b.simple("POST", "/upload", 300000, 1, 2) }, ""},
	{"large response", none, func(b *bench) error { return b.simple("GET", "/large", 0, 1, 2) }, ""},
	{"sendfile", none, func(b *bench) error { return b.simple("GET", "/sendfile", 0, 1, 2) }, ""},
	{"no answer", none, noAnswer, ""},
	{"pipelined", none, pipelined, ""},
	{"queue", nil, queue, ""},
	{"concurrent", []string{"workers=4"}, concurrent, ""},
	{"calls recv send", []string{"read=recv", "write=send"}, calls, ""},
	{"calls readv writev", []string{"read=readv", "write=writev"}, calls, ""},
	{"calls recvmsg sendmsg", []string{"read=recvmsg", "write=sendmsg"}, calls, ""},
	{"calls preadv2 pwritev2", []string{"read=preadv2", "write=pwritev2"}, calls, ""},
	{"calls recvmmsg sendmmsg", []string{"read=recvmmsg", "write=sendmmsg"}, calls, ""},
	{"calls peek", []string{"read=peek"}, calls, ""},
	{"Go server", nil, goServer, ""},
	{"client", none, client, ""},
	{"unix socket", nil, unixSocket, "unseen"},
	{"io_uring", nil, ioUring, "counted unseen"},
}

// Opened, and used once, before redstart started; since then the server waits in a call, of which a hook at functions sees nothing.
func existingConnection(b *bench) error {
	first, err := existing.exchange("GET", "/again", 0)
	if err != nil {
		return err
	}
	second, err := existing.exchange("GET", "/and-again", 0)
	if err != nil {
		return err
	}
	if err = b.expect(b.port, first, second); err != nil && b.expect(b.port, second) == nil {
		b.sent++
		return errSecond
	}
	b.sent += 2
	return err
}

func calls(b *bench) error { return b.simple("POST", "/calls", 50, 2, 5) }

func noAnswer(b *bench) error {
	conn, err := open(b.where())
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.Write(head("GET", "/none", 0))
	if conn.read("GET") == nil {
		return errors.New("the server did answer")
	}
	spans := b.await("server", b.port, 1)
	if len(spans) != 1 || spans[0].text("error.type") == "" || spans[0].number("http.response.status_code") != -1 {
		return fmt.Errorf("expected one span with error.type and no status, saw %v", spans)
	}
	return nil
}

// Four requests in one send: each is a span or counted.
func pipelined(b *bench) error {
	before := metric("redstart_unparsed_total", "")
	conn, err := open(b.where())
	if err != nil {
		return err
	}
	defer conn.Close()
	var all []byte
	for i := 0; i < 4; i++ {
		all = append(all, head("GET", "/pipe", 0)...)
	}
	conn.Write(all)
	for i := 0; i < 4; i++ {
		if err := conn.read("GET"); err != nil {
			return err
		}
	}
	seen := len(b.await("server", b.port, 4))
	counted := int(metric("redstart_unparsed_total", "") - before)
	if b.sent += seen; seen < 1 || seen+counted != 4 {
		return fmt.Errorf("%d spans and %d counted as unparsed, of 4", seen, counted)
	}
	return nil
}

// The server accepts late, and one after the other: what came before has waited.
func queue(b *bench) error {
	const times = 3
	if err := server(b.port, "late=600"); err != nil {
		return err
	}
	begin := time.Now()
	var waiting [times]*connection
	for i := range waiting {
		conn, err := open(b.where())
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.Write(head("GET", "/late", 0))
		waiting[i] = conn
	}
	for _, conn := range waiting {
		if err := conn.read("GET"); err != nil {
			return err
		}
		conn.Close()
	}
	waited := time.Since(begin).Nanoseconds()
	spans := b.await("server", b.port, times)
	b.sent += times
	if len(spans) != times {
		return fmt.Errorf("expected %d spans, saw %d", times, len(spans))
	}
	for _, one := range spans {
		if one.Queue == nil || *one.Queue < 300e6 || *one.Queue > waited || *one.Queue > one.Duration {
			return fmt.Errorf("expected a queue time of 300 ms or more, saw %+v", one)
		}
	}
	return nil
}

func concurrent(b *bench) error {
	const clients, connections, times = 8, 2, 10
	type done struct {
		wanted []want
		err    error
	}
	results := make(chan done)
	for i := 0; i < clients; i++ {
		go func() {
			wanted, err := exchanges(b.where(), "GET", "/many", 0, connections, times)
			results <- done{wanted, err}
		}()
	}
	var all []want
	for i := 0; i < clients; i++ {
		one := <-results
		if one.err != nil {
			return one.err
		}
		all = append(all, one.wanted...)
	}
	b.sent += len(all)
	return b.expect(b.port, all...)
}

func goServer(b *bench) error {
	if err := launch(b.where(), os.Args[0], "serve", b.where()); err != nil {
		return err
	}
	time.Sleep(settleTime) // it is decided on
	return b.simple("POST", "/go", 10, 3, 10)
}

// A program of its own that is selected by its name; the server is on a port that is not selected.
func client(b *bench) error {
	const times = 5
	port := firstPort + 1000
	if err := server(port); err != nil {
		return err
	}
	before := len(b.of("client", port))
	if err := launchClient(fmt.Sprintf("http://127.0.0.1:%d/called", port), times); err != nil {
		return err
	}
	if spans := b.await("client", port, before+times); len(spans) != before+times {
		return fmt.Errorf("expected %d client spans, saw %d", times, len(spans)-before)
	}
	if spans := b.of("server", port); len(spans) != 0 {
		return fmt.Errorf("%d server spans on a port that is not selected", len(spans))
	}
	return nil
}

func unixSocket(b *bench) error {
	const path = "/tmp/vm-scenarios.sock"
	os.Remove(path)
	if err := launch(path, peers()+"unix-server", path); err != nil {
		return err
	}
	time.Sleep(settleTime)
	wanted, err := exchanges(path, "GET", "/unix", 0, 2, 5)
	if err != nil {
		return err
	}
	spans := b.await("server", 0, len(wanted))
	if len(spans) == 0 {
		return errUnseen
	}
	b.sent += len(wanted)
	return compare(spans, wanted)
}

func ioUring(b *bench) error {
	if err := launch(b.where(), peers()+"uring", b.where()); err != nil {
		return err
	}
	time.Sleep(settleTime)
	before := metric("redstart_unparsed_total", `cause="io_uring"`)
	wanted, err := exchanges(b.where(), "GET", "/uring", 0, 1, 5)
	if err != nil {
		return err
	}
	spans := b.await("server", b.port, len(wanted))
	if counted := int(metric("redstart_unparsed_total", `cause="io_uring"`) - before); len(spans) == 0 && counted == len(wanted) {
		return errCounted
	} else if len(spans) == 0 && counted == 0 {
		return errUnseen
	}
	b.sent += len(wanted)
	return compare(spans, wanted)
}
