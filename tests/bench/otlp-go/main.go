// What the OpenTelemetry Go SDK's OTLP exporters take for what tests/bench/export.c packs: 10,000 series of a server's
// four histograms, and 10,000 server spans with two children each, with the same attributes. Measured is Export alone
// (the SDK's values to protobuf's structs to bytes, handed to an HTTP client that drops them), on one processor, its
// garbage collection included; reading the SDK's aggregations is not. Run by tests/bench/export-compare.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

const (
	series = 10000
	spans  = 10000
	batch  = 512 // server spans of a request, as in export.c
	schema = "https://opentelemetry.io/schemas/1.40.0"
)

var scope = instrumentation.Scope{Name: "redstart", Version: "0.1.0", SchemaURL: schema}

var observed = resource.NewWithAttributes(schema,
	attribute.String("service.name", "shopd"),
	attribute.String("service.instance.id", "6ba7b810-9dad-51d1-80b4-00c04fd430c8"),
	attribute.String("process.executable.name", "shopd"),
	attribute.String("host.name", "bench"),
	attribute.String("telemetry.sdk.name", "redstart"))

// sink counts what it is sent.
type sink struct{ bytes, requests int64 }

func (s *sink) RoundTrip(request *http.Request) (*http.Response, error) {
	n, err := io.Copy(io.Discard, request.Body)
	s.bytes += n
	s.requests++
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/x-protobuf"}},
		Body: http.NoBody, Request: request}, err
}

var (
	seconds = []float64{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10}
	sizes   = []float64{0, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 32768, 131072, 524288, 1048576}
	start   = time.Unix(0, 1764000000123456789)
)

// instrument is one metric of all series, each measured once.
func instrument(name, unit string, bounds []float64, value float64, exemplar bool) metricdata.Metrics {
	bucket := 0
	for bucket < len(bounds) && value > bounds[bucket] {
		bucket++
	}
	points := make([]metricdata.HistogramDataPoint[float64], series)
	for i := range points {
		counts := make([]uint64, len(bounds)+1)
		counts[bucket] = 1
		points[i] = metricdata.HistogramDataPoint[float64]{
			Attributes: attribute.NewSet(
				attribute.String("http.request.method", "GET"), attribute.Int("http.response.status_code", 200),
				attribute.String("http.route", "/items/"+strconv.Itoa(i)), attribute.String("url.scheme", "http"),
				attribute.Int("server.port", 8080), attribute.String("network.protocol.version", "1.1")),
			StartTime: start, Time: start.Add(time.Second), Count: 1, Sum: value, Bounds: bounds, BucketCounts: counts,
			Min: metricdata.NewExtrema(value), Max: metricdata.NewExtrema(value)}
		if exemplar {
			points[i].Exemplars = []metricdata.Exemplar[float64]{{Time: start, Value: value,
				SpanID: []byte("12345678"), TraceID: []byte("1234567890123456")}}
		}
	}
	return metricdata.Metrics{Name: name, Unit: unit, Description: "As in export.c.",
		Data: metricdata.Histogram[float64]{Temporality: metricdata.CumulativeTemporality, DataPoints: points}}
}

func metrics() *metricdata.ResourceMetrics {
	return &metricdata.ResourceMetrics{Resource: observed, ScopeMetrics: []metricdata.ScopeMetrics{{Scope: scope,
		Metrics: []metricdata.Metrics{
			instrument("http.server.request.duration", "s", seconds, .21091, true),
			instrument("http.server.request.body.size", "By", sizes, 0, false),
			instrument("http.server.response.body.size", "By", sizes, 6, false),
			instrument("redstart.http.server.queue.duration", "s", seconds, .00763, true)}}}}
}

func spanContext(id uint64) trace.SpanContext {
	var spanID trace.SpanID
	traceID := trace.TraceID{0xa1}
	binary.BigEndian.PutUint64(spanID[:], id)
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled})
}

// request is one server span and its two children.
func request(id uint64) tracetest.SpanStubs {
	read, end := start.Add(7630*time.Microsecond), start.Add(210910*time.Microsecond)
	server := tracetest.SpanStub{Name: "GET", SpanContext: spanContext(id), SpanKind: trace.SpanKindServer,
		StartTime: start, EndTime: end, Resource: observed, InstrumentationScope: scope,
		Attributes: []attribute.KeyValue{
			attribute.String("http.request.method", "GET"), attribute.String("url.path", "/hello"),
			attribute.String("url.query", "name=x"), attribute.String("url.scheme", "http"),
			attribute.Int("http.response.status_code", 200), attribute.Int("http.request.body.size", 0),
			attribute.Int("http.response.body.size", 6), attribute.String("network.protocol.version", "1.1"),
			attribute.String("client.address", "127.0.0.1"), attribute.Int("client.port", 51234),
			attribute.String("server.address", "shop.example"), attribute.Int("server.port", 8080),
			attribute.String("network.local.address", "127.0.0.1"), attribute.Int("network.local.port", 8080),
			attribute.String("user_agent.original", "curl/8"), attribute.Int("process.pid", 4242)}}
	child := func(name string, id uint64, from, to time.Time) tracetest.SpanStub {
		return tracetest.SpanStub{Name: name, SpanContext: spanContext(id), Parent: server.SpanContext,
			SpanKind: trace.SpanKindInternal, StartTime: from, EndTime: to, Resource: observed, InstrumentationScope: scope}
	}
	return tracetest.SpanStubs{server, child("in queue", id+1, start, read), child("processing", id+2, read, end)}
}

func batches() [][]sdktrace.ReadOnlySpan {
	var all [][]sdktrace.ReadOnlySpan
	for from := 0; from < spans; from += batch {
		var stubs tracetest.SpanStubs
		for i := from; i < min(from+batch, spans); i++ {
			stubs = append(stubs, request(uint64(3*i+1))...)
		}
		all = append(all, stubs.Snapshots())
	}
	return all
}

// cpu is the processor time of this process, garbage collection included.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure prints a line like export.c's.
func measure(what string, items, rounds int, out *sink, export func() error) {
	var before, after runtime.MemStats
	if err := export(); err != nil { // what the first one sets up
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out.bytes, out.requests = 0, 0
	runtime.GC()
	runtime.ReadMemStats(&before)
	begin := cpu()
	for range rounds {
		if err := export(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	took := cpu() - begin
	runtime.ReadMemStats(&after)
	n := float64(items * rounds)
	fmt.Printf("%s=%d per_second=%.0f ns_each=%.1f bytes_each=%.1f allocations_each=%.4f requests=%d\n", what, items*rounds,
		n/took.Seconds(), float64(took.Nanoseconds())/n, float64(out.bytes)/n,
		float64(after.Mallocs-before.Mallocs)/n, out.requests)
}

func main() {
	runtime.GOMAXPROCS(1)
	rounds := 20
	if len(os.Args) > 1 {
		rounds, _ = strconv.Atoi(os.Args[1])
	}
	ctx, out := context.Background(), &sink{}
	client := &http.Client{Transport: out}
	metricExporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithHTTPClient(client), otlpmetrichttp.WithInsecure())
	if err == nil {
		data := metrics()
		measure("points", 4*series, rounds, out, func() error { return metricExporter.Export(ctx, data) })
	}
	traceExporter, err2 := otlptracehttp.New(ctx, otlptracehttp.WithHTTPClient(client), otlptracehttp.WithInsecure())
	if err == nil && err2 == nil {
		all := batches()
		measure("spans", 3*spans, rounds, out, func() error {
			for _, one := range all {
				if err := traceExporter.ExportSpans(ctx, one); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil || err2 != nil || rounds < 1 {
		fmt.Fprintln(os.Stderr, "usage: otlp-go [rounds]", err, err2)
		os.Exit(2)
	}
}
