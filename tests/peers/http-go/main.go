// The Go peer of the end-to-end tests: the endpoints of tests/peers/README.md behind net/http, gin or gorilla/mux, and
// a client that calls another peer. Runs only in tests; trusts its caller.
//
//	http-go serve nethttp|gin|mux [ADDR:]PORT
//	http-go call URL COUNT METHOD [BODY]      (COUNT requests over one client, keep-alive)
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gorilla/mux"
)

const largeSize = 1 << 20

func fixed(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	io.WriteString(w, body)
}

// pause honours ?delay=; an answer with ?status= is complete afterwards.
func pause(delay string) error {
	if delay == "" {
		return nil
	}
	wait, err := time.ParseDuration(delay)
	if err != nil {
		return err
	}
	time.Sleep(wait)
	return nil
}

func answer(w http.ResponseWriter, status int, delay, body string) {
	if err := pause(delay); err != nil {
		fixed(w, http.StatusBadRequest, err.Error())
		return
	}
	fixed(w, status, body)
}

func statusOf(text string) int {
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return http.StatusBadRequest
	}
	return status
}

func chunked(w http.ResponseWriter) {
	for i := 0; i < 3; i++ {
		fmt.Fprintf(w, "chunk-%d\n", i)
		w.(http.Flusher).Flush()
	}
}

func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		fixed(w, http.StatusBadRequest, err.Error())
		return
	}
	fixed(w, http.StatusOK, string(body))
}

// plain answers /hello, /post and whatever else is asked with the ?status= and ?delay= of the tutorial.
func plain(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	status, body := http.StatusOK, ""
	switch r.URL.Path {
	case "/hello":
		body = "hello\n"
	case "/post":
	default:
		status, body = http.StatusNotFound, "404\n"
	}
	if text := r.URL.Query().Get("status"); text != "" {
		status, body = statusOf(text), text+"\n"
	}
	answer(w, status, r.URL.Query().Get("delay"), body)
}

func large(w http.ResponseWriter) {
	fixed(w, http.StatusOK, strings.Repeat("x", largeSize))
}

func netHTTP() http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/", plain)
	routes.HandleFunc("/echo", echo)
	routes.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) { chunked(w) })
	routes.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { large(w) })
	routes.HandleFunc("/status/", func(w http.ResponseWriter, r *http.Request) {
		text := strings.TrimPrefix(r.URL.Path, "/status/")
		fixed(w, statusOf(text), text+"\n")
	})
	routes.HandleFunc("/delay/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, strings.TrimPrefix(r.URL.Path, "/delay/"), "hello\n")
	})
	return routes
}

func ginRoutes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	routes := gin.New()
	routes.GET("/status/:code", func(c *gin.Context) { fixed(c.Writer, statusOf(c.Param("code")), c.Param("code")+"\n") })
	routes.GET("/delay/:time", func(c *gin.Context) { answer(c.Writer, http.StatusOK, c.Param("time"), "hello\n") })
	routes.GET("/chunked", func(c *gin.Context) { chunked(c.Writer) })
	routes.GET("/large", func(c *gin.Context) { large(c.Writer) })
	routes.POST("/echo", func(c *gin.Context) { echo(c.Writer, c.Request) })
	routes.NoRoute(func(c *gin.Context) { plain(c.Writer, c.Request) })
	return routes
}

func muxRoutes() http.Handler {
	routes := mux.NewRouter()
	routes.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		fixed(w, statusOf(mux.Vars(r)["code"]), mux.Vars(r)["code"]+"\n")
	})
	routes.HandleFunc("/delay/{time}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, mux.Vars(r)["time"], "hello\n")
	})
	routes.HandleFunc("/chunked", func(w http.ResponseWriter, r *http.Request) { chunked(w) })
	routes.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) { large(w) })
	routes.HandleFunc("/echo", echo).Methods(http.MethodPost)
	routes.PathPrefix("/").HandlerFunc(plain)
	return routes
}

func serve(flavour, address string) error {
	flavours := map[string]func() http.Handler{"nethttp": netHTTP, "gin": ginRoutes, "mux": muxRoutes}
	routes, known := flavours[flavour]
	if !known {
		return fmt.Errorf("no flavour %q: nethttp, gin or mux", flavour)
	}
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	return http.ListenAndServe(address, routes())
}

func call(url, count, method, body string) error {
	times, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for i := 0; i < times; i++ {
		var content io.Reader
		if body != "" {
			content = strings.NewReader(body)
		}
		request, err := http.NewRequest(method, url, content)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		size, err := io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		fmt.Println(response.StatusCode, size)
	}
	return nil
}

func main() {
	err := fmt.Errorf("usage: http-go serve nethttp|gin|mux [ADDR:]PORT | http-go call URL COUNT METHOD [BODY]")
	switch {
	case len(os.Args) == 4 && os.Args[1] == "serve":
		err = serve(os.Args[2], os.Args[3])
	case len(os.Args) >= 5 && os.Args[1] == "call":
		err = call(os.Args[2], os.Args[3], os.Args[4], strings.Join(os.Args[5:], " "))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "http-go:", err)
		os.Exit(1)
	}
}
