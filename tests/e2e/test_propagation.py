#!/usr/bin/python3
"""A caller's trace is continued: by the headers that --propagators and OTEL_PROPAGATORS name, and by no others."""
import sys

import harness
import services
import wire
from harness import check, check_equal

LOW, PARENT = "48485a3953bb6124", "a2fb4a1d1a96d312"
TRACE = "463ac35c9f6413ad" + LOW
W3C_TRACE, W3C_PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
W3C = [f"traceparent: 00-{W3C_TRACE}-{W3C_PARENT}-01"]
SINGLE = [f"b3: {TRACE}-{PARENT}-1"]
NARROW = [f"b3: {LOW}-{PARENT}"]
MULTI = [f"X-B3-TraceId: {TRACE}", f"X-B3-SpanId: {PARENT}", "X-B3-Sampled: 1"]
BEYOND = ["X-Filler: " + 140 * "x", *MULTI]  # the span id lies behind the 256 bytes that are captured
ROOT = None

# Arguments, variables, then for each request its headers and the trace id and parent that its span must have.
RUNS = {
    "default": ((), {}, [
        (W3C, (W3C_TRACE, W3C_PARENT)), (SINGLE, ROOT), (MULTI, ROOT), (W3C + SINGLE, (W3C_TRACE, W3C_PARENT))]),
    "option b3": (("--propagators", "b3"), {"OTEL_PROPAGATORS": "none"}, [
        (SINGLE, (TRACE, PARENT)), (NARROW, (16 * "0" + LOW, PARENT)), (MULTI, (TRACE, PARENT)), (W3C, ROOT),
        (["b3: 0"], ROOT), (BEYOND, ROOT)]),
    "variable, two, the last one wins": ((), {"OTEL_PROPAGATORS": "tracecontext,baggage,b3multi"}, [
        (W3C, (W3C_TRACE, W3C_PARENT)), (SINGLE + W3C, (TRACE, PARENT)), (W3C + MULTI, (TRACE, PARENT)),
        (W3C + ["b3: 0"], (W3C_TRACE, W3C_PARENT))]),
    "none": ((), {"OTEL_PROPAGATORS": "none"}, [(W3C, ROOT), (SINGLE, ROOT)]),
}


def check_parents(redstart, port, requests):
    for headers, expected in requests:
        exchange = wire.request(port, "GET", "/hello", headers=headers)
        [span] = redstart.wait_spans(1, harness.query_is(exchange.query), settle=0)
        if expected:
            check_equal((span["trace_id"], span["parent_span_id"]), expected, f"trace and parent of {headers}")
        else:
            check_equal(span["parent_span_id"], "", f"parent of {headers}")
            check(span["trace_id"] not in (TRACE, W3C_TRACE), f"the trace of {headers} was taken")
        check(span["span_id"] not in (PARENT, W3C_PARENT), f"the caller's span id was taken for {headers}")


def unknown():
    """A variable's unknown name is warned about and left out; an option's ends the start."""
    with services.go() as service, harness.Redstart(
            "--port", service.port, env={"OTEL_PROPAGATORS": "jaeger,b3"}) as redstart:
        check_parents(redstart, service.port, [(SINGLE, (TRACE, PARENT)), (W3C, ROOT)])
        check("OTEL_PROPAGATORS: jaeger: expected" in redstart.log_text(), f"no warning in {redstart.log_text()}")
    refused = harness.Redstart("--propagators", "b4", wait_ready=False)
    check_equal(refused.process.wait(harness.STOP_TIMEOUT_S), 2, "exit code with --propagators b4")
    refused.stop()
    check("--propagators b4: expected tracecontext" in refused.log_text(), f"log: {refused.log_text()}")


def main():
    harness.require_privilege()
    cases = harness.Cases()
    for name, (arguments, environment, requests) in RUNS.items():
        with cases.case(name):
            with services.go() as service, harness.Redstart("--port", service.port, *arguments,
                                                                env=environment) as redstart:
                check_parents(redstart, service.port, requests)
    with cases.case("unknown names"):
        unknown()
    return cases.finish()


if __name__ == "__main__":
    sys.exit(main())
