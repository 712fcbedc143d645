// All cases in one run of redstart.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

var existing *connection

func launchClient(url string, times int) error {
	command := exec.Command(peers()+"caller", "call", url, fmt.Sprint(times))
	command.Stderr = os.Stderr
	return command.Run()
}

// FAILED unless the difference is a known one.
func outcome(err error, differ string) string {
	if err == nil {
		return "ok"
	}
	if (err == errCounted || err == errUnseen || err == errSecond) && strings.Contains(differ, err.Error()) {
		return err.Error()
	}
	return "FAILED"
}

func report(variant, name, differ string, err error) int {
	result := outcome(err, differ)
	if result == "FAILED" {
		fmt.Printf("%s %s %s: %v\n", result, variant, name, err)
		return 1
	}
	fmt.Printf("%s %s %s\n", result, variant, name)
	return 0
}

func prepare() error {
	for i, one := range cases {
		if one.server == nil {
			continue
		}
		if err := server(firstPort+i, one.server...); err != nil {
			return err
		}
	}
	var err error
	if existing, err = open(fmt.Sprint(firstPort)); err == nil {
		_, err = existing.exchange("GET", "/before", 0)
	}
	return err
}

func runCases(variant, only string) int {
	defer stopAll()
	if err := prepare(); err != nil {
		return report(variant, "prepare", "", err)
	}
	last := firstPort + len(cases) - 1
	r, err := start(variant, "--port", fmt.Sprintf("%d-%d", firstPort, last), "--exe", "unix-server,caller")
	if err != nil && err.Error() == "exit code 3" {
		fmt.Printf("unavailable %s\n", variant)
		return 0
	}
	if err != nil {
		return report(variant, "start", "", err)
	}
	failed, b := 0, &bench{redstart: r}
	for i, one := range cases {
		if only != "" && one.name != only {
			continue
		}
		b.port = firstPort + i
		failed += report(variant, one.name, one.differ, one.run(b))
	}
	time.Sleep(settleTime) // the loader asks every 400 ms what was skipped
	counted := int(metric("http_server_request_duration_seconds_count", `http_response_status_code="200"`))
	skipped := int(metric("redstart_records_lost_total", `cause="probe_skipped"`)) // by Linux 7; each loses a record or none
	fmt.Fprintf(os.Stderr, "%s: sent %d, counted %d, skipped %d\n", variant, b.sent, counted, skipped)
	if counted > b.sent || counted+skipped < b.sent {
		failed += report(variant, "all counted", "", fmt.Errorf("%d and %d lost of %d", counted, skipped, b.sent))
	} else {
		failed += report(variant, "all counted", "", nil)
	}
	stopAll()
	return failed + report(variant, "nothing left", "", r.stop())
}
