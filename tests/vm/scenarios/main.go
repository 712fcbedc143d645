// The HTTP/1 scenarios for a guest (and for this machine): real servers in other processes, a client that knows each byte, and what
// redstart shows of it. Standard library only, static.
//
//	scenarios http1 VARIANT [CASE]  runs redstart with the variant and all cases, or one; a line for each:
//	                                OUTCOME VARIANT CASE[: REASON]
//	scenarios serve PORT            a Go net/http server
//	scenarios call URL TIMES        a client
//
// Outcomes: ok; counted (no spans, but redstart_unparsed_total says so); second (all but the first one); unseen; FAILED. What else but
// ok is a known difference is said with each case. Beside it in /opt (or REDSTART_VM_PEERS): server and unix-server (tests/vm/peers/server.c), uring.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

func main() {
	arguments := append(os.Args, "", "", "")
	switch arguments[1] {
	case "http1":
		os.Exit(runCases(arguments[2], arguments[3]))
	case "serve":
		http.HandleFunc("/", func(writer http.ResponseWriter, request *http.Request) {
			io.Copy(io.Discard, request.Body)
			fmt.Fprintln(writer, "hello")
		})
		fmt.Fprintln(os.Stderr, http.ListenAndServe("localhost:"+arguments[2], nil))
		os.Exit(1)
	case "call":
		times, _ := strconv.Atoi(arguments[3])
		for i := 0; i < times; i++ {
			response, err := http.Get(arguments[2])
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
	default:
		fmt.Fprintln(os.Stderr, "usage: scenarios http1 VARIANT [CASE] | serve PORT | call URL TIMES")
		os.Exit(2)
	}
}
