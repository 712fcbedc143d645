// The client: raw connections, so that it is known which bytes go when; and the servers, each a process.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const largeBody, fileBody = 1 << 20, 256 << 10

func peers() string {
	if folder := os.Getenv("REDSTART_VM_PEERS"); folder != "" {
		return folder + "/"
	}
	return "/opt/"
}

var started []*exec.Cmd

func launch(where string, name string, arguments ...string) error {
	command := exec.Command(name, arguments...)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return err
	}
	started = append(started, command)
	for i := 0; i < 200; i++ {
		if listens(where) {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s does not listen at %s", name, where)
}

// Without connecting: that would be seen.
func listens(where string) bool {
	if where[0] == '/' {
		_, err := os.Stat(where)
		return err == nil
	}
	var port int
	fmt.Sscan(where, &port)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		if strings.Contains(string(text), fmt.Sprintf(":%04X 0000", port)) {
			return true
		}
	}
	return false
}

func server(port int, options ...string) error {
	where := fmt.Sprint(port)
	return launch(where, peers()+"server", append([]string{where}, options...)...)
}

func stopAll() {
	for _, command := range started {
		command.Process.Kill()
		command.Wait()
	}
	started = nil
}

type connection struct {
	net.Conn
	reader *bufio.Reader
}

func open(where string) (*connection, error) {
	network := "tcp"
	if where[0] == '/' {
		network = "unix"
	} else {
		where = "127.0.0.1:" + where
	}
	conn, err := net.DialTimeout(network, where, 10*time.Second)
	if err != nil {
		return nil, err
	}
	conn.SetDeadline(time.Now().Add(60 * time.Second))
	return &connection{conn, bufio.NewReader(conn)}, nil
}

func head(method, path string, body int) []byte {
	text := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: guest\r\nUser-Agent: scenarios\r\n", method, path)
	if body > 0 {
		text += fmt.Sprintf("Content-Length: %d\r\n", body)
	}
	return []byte(text + "\r\n")
}

func (c *connection) read(method string) error {
	response, err := http.ReadResponse(c.reader, &http.Request{Method: method})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// One exchange, and what is to be seen of it.
func (c *connection) exchange(method, path string, body int) (want, error) {
	size := map[string]int64{"/chunked": int64(len("5\r\nhello\r\n3\r\n to\r\n0\r\n\r\n")), "/large": largeBody, "/sendfile": fileBody}[path]
	if size == 0 {
		size = 6
	}
	if method == "HEAD" {
		size = 0
	}
	if _, err := c.Write(append(head(method, path, body), bytes.Repeat([]byte("b"), body)...)); err != nil {
		return want{}, err
	}
	return want{method, path, 200, int64(body), size}, c.read(method)
}

// The same exchange so many times on each of so many connections, one after the other.
func exchanges(where, method, path string, body, connections, times int) ([]want, error) {
	var all []want
	for i := 0; i < connections; i++ {
		conn, err := open(where)
		if err != nil {
			return nil, err
		}
		for n := 0; n < times; n++ {
			one, err := conn.exchange(method, path, body)
			if err != nil {
				conn.Close()
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			all = append(all, one)
		}
		conn.Close()
	}
	return all, nil
}
