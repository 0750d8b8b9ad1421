import { describe, expect, test } from "vitest";
import { createLogger, createMetrics, cryptoRandom, seededRandom, systemHost, testHost } from "./index.ts";

const uuidV4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe("random", () => {
  test("the same seed gives the same stream, another seed another", () => {
    const stream = (seed: number | string) => {
      const random = seededRandom(seed);
      return [random.next(), random.next(), random.uuid(), ...random.bytes(4)];
    };
    expect(stream(1)).toEqual(stream(1));
    expect(stream(1)).not.toEqual(stream(2));
    expect(stream("rack")).not.toEqual(stream("rock"));
  });

  test.each([
    ["seeded", seededRandom(7)],
    ["crypto", cryptoRandom],
  ])("%s numbers spread over [0, 1) and UUIDs are of version 4", (_name, random) => {
    const numbers = Array.from({ length: 2000 }, () => random.next());
    const mean = numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
    expect(numbers.every((n) => n >= 0 && n < 1)).toBe(true);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    expect(random.uuid()).toMatch(uuidV4);
    expect(random.bytes(3)).toHaveLength(3);
  });
});

describe("logger", () => {
  function linesOf(level: "debug" | "warn") {
    const lines: string[] = [];
    return { lines, log: createLogger({ level, now: () => 0, write: (line) => lines.push(line) }) };
  }

  test("writes one line of key=value with quotes where needed", () => {
    const { lines, log } = linesOf("debug");
    log.with({ component: "store" }).info("watch closed", { key: "a b", count: 3, gone: undefined, list: [1] });
    expect(lines).toEqual([
      '1970-01-01T00:00:00.000Z info "watch closed" component=store key="a b" count=3 list="[1]"\n',
    ]);
  });

  test("leaves out what is below its level", () => {
    const { lines, log } = linesOf("warn");
    log.info("a");
    log.debug("b");
    log.warn("c");
    log.error("d", { error: Object.assign(new Error("boom"), { code: 404 }) });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('error="boom"');
  });

  test("never throws on what cannot be printed", () => {
    const { lines, log } = linesOf("debug");
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    log.info("x", { cycle });
    expect(lines[0]).toContain("unprintable");
  });
});

describe("metrics", () => {
  test("renders the Prometheus text format", async () => {
    const metrics = createMetrics();
    metrics
      .counter({ name: "requests_total", help: "Requests.", labels: ["verb", "code"] })
      .labels("GET", "200")
      .inc(2);
    metrics.gauge({ name: "depth", help: "Depth." }).set(3);
    const latency = metrics.histogram({ name: "latency", help: "Latency.", labels: ["verb"], buckets: [0.1, 1] });
    for (const seconds of [0.1, 0.5, 7]) latency.observe({ verb: 'a"b' }, seconds);
    expect(await metrics.render()).toBe(
      [
        "# HELP depth Depth.",
        "# TYPE depth gauge",
        "depth 3",
        "# HELP latency Latency.",
        "# TYPE latency histogram",
        'latency_bucket{verb="a\\"b",le="0.1"} 1',
        'latency_bucket{verb="a\\"b",le="1"} 2',
        'latency_bucket{verb="a\\"b",le="+Inf"} 3',
        'latency_sum{verb="a\\"b"} 7.6',
        'latency_count{verb="a\\"b"} 3',
        "# HELP requests_total Requests.",
        "# TYPE requests_total counter",
        'requests_total{verb="GET",code="200"} 2',
        "",
      ].join("\n"),
    );
  });

  test("gives the same metric for the same name, and refuses another kind", () => {
    const metrics = createMetrics();
    const options = { name: "a", help: "A." };
    expect(metrics.counter(options)).toBe(metrics.counter(options));
    expect(() => metrics.gauge(options)).toThrow("metric a is a counter");
  });

  test("asks live gauges just before rendering and forgets removed children", async () => {
    const metrics = createMetrics();
    const gauge = metrics.gauge({ name: "watchers", help: "W.", labels: ["kind"] });
    gauge.labels("old").set(1);
    gauge.remove("old");
    metrics.beforeRender(() => gauge.set({ kind: "pods" }, 5));
    expect(await metrics.render()).toContain('watchers{kind="pods"} 5\n');
    expect(await metrics.render()).not.toContain("old");
  });

  test("refuses a wrong number of label values and a falling counter", () => {
    const counter = createMetrics().counter({ name: "a", help: "A.", labels: ["x"] });
    expect(() => counter.labels("1", "2")).toThrow("has 1 labels");
    expect(() => counter.inc({ x: "1" }, -1)).toThrow("cannot fall");
  });
});

describe("hosts", () => {
  test("a test host starts at a fixed time and repeats itself", () => {
    expect(testHost().clock.now()).toBe(Date.UTC(2026, 0, 1));
    expect(testHost({ seed: 5 }).random.uuid()).toBe(testHost({ seed: 5 }).random.uuid());
  });

  test("a system host has timers that can be cancelled, however long", () => {
    const { clock } = systemHost();
    const timer = clock.setTimer(2 ** 40, () => {
      throw new Error("must not run");
    });
    timer.cancel();
    expect(clock.now()).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });
});
