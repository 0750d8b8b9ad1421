import { describe, expect, it } from "vitest";
import { compileMatchCondition, compilePolicy, fromCel, policyVariables, requestValue, toCel } from "./index.ts";

const object = toCel({
  name: "web",
  replicas: 3,
  ratio: 1.5,
  list: [3, 1, 2],
  names: ["a", "b"],
  labels: { app: "web", tier: "front" },
  containers: [{ name: "c", image: "registry.example.org/app:1" }],
  none: null,
});

function evaluate(expression: string): unknown {
  const { program, error } = compilePolicy({}, true).variable("x", expression);
  if (program === undefined) throw new Error(error);
  return fromCel(program.evaluate({ object }));
}

describe("expressions", () => {
  it.each<[string, unknown]>([
    ["object.replicas + 1", 4],
    ["object.replicas <= 3.5", true],
    ["has(object.labels.app) && !has(object.labels.zone)", true],
    ["object.labels.all(k, k.size() > 2)", true],
    ["object.?zone.orValue('none')", "none"],
    ["object.none == null", true],
    ["object.containers.exists(c, c.image.startsWith('registry.example.org/'))", true],
    ["'%s has %d: %s'.format([object.name, object.replicas, object.list])", "web has 3: [3, 1, 2]"],
    ["'%.2f %e %x %b %%'.format([object.ratio, 1000.0, 255, 5])", "1.50 1.000000×10⁰³ ff 101 %"],
    ["'%s %s'.format([[1, 'a'], {'a': 1, 'b': [null]}])", '[1, "a"] {"a":1, "b":[null]}'],
    ["'abc'.replace('', '-') + 'abc'.replace('', '-', 2)", "-a-b-c--a-bc"],
    ["matches('abc', 'b')", true],
    ["'abc'.charAt(1) + 'hello'.replace('l', 'L', 1) + ' a '.trim()", "bheLloa"],
    ["strings.quote('a\"b')", '"a\\"b"'],
    ["[1, 2, 3].sum() + object.list.min() + object.list.max()", 10],
    ["[1, 1, 2].isSorted() && !object.list.isSorted()", true],
    ["object.names.indexOf('b')", 1],
    ["[1, 2, 2].lastIndexOf(2)", 2],
    ["[].sum()", 0],
    ["sets.contains(object.list, [1, 2]) && sets.equivalent([1], [1, 1]) && !sets.intersects([1], [2])", true],
    ["sets.contains(object.list, ['b']) || sets.intersects(object.list, ['b'])", false],
    ["'a_1'.matches('^[[:alpha:]_]+[[:digit:]]\\\\z') && !object.name.matches('(?i)^WE$')", true],
    [`'${"a".repeat(5_000)}!'.matches('^(a+)+$')`, false],
    ["'abc 123'.find('[0-9]+')", "123"],
    ["'123 abc 456'.findAll('[0-9]+')", ["123", "456"]],
    ["'1 2 3'.findAll('[0-9]', 2)", ["1", "2"]],
    ["url('https://example.com:80/path?a=1&a=2').getHost()", "example.com:80"],
    ["url('https://[::1]:80/').getHostname() + url('https://h:81/p').getPort()", "::181"],
    ["url('https://h/p?k=1&k=2').getQuery()['k']", ["1", "2"]],
    ["isURL('../x') || isURL('https://a:b/')", false],
    ["quantity('1.5Gi').add(quantity('512Mi')).compareTo(quantity('2Gi'))", 0],
    ["quantity('200m').isLessThan(quantity('1')) && quantity('1') == quantity('1000m')", true],
    ["quantity('50k').asInteger()", 50000],
    ["quantity('10E').isInteger()", false],
    ["sign(quantity('-5'))", -1],
    ["isURL('https://h/a b#c') && url('https://h/a b#c').getEscapedPath() == '/a%20b'", true],
    ["url('mailto:x@y').getEscapedPath()", ""],
    ["url('http://h') == url('http://h') && url('http://h') != url('http://i')", true],
    ["format.dns1123Label() == format.named('dns1123Label').value()", true],
    ["lists.range(3)", [0, 1, 2]],
    ["[1, 2].first().value() + [1, 2].last().value()", 3],
    ["[].first().hasValue() || optional.ofNonZeroValue('').hasValue()", false],
    ["[duration('2s'), duration('1s')].sum() == duration('3s')", true],
    ["[duration('2s'), duration('1s')].distinct().size()", 2],
    ["int(2u) + int(timestamp('1970-01-01T00:00:05Z'))", 7],
    ["string(duration('90m')) + string(duration('-1.5s'))", "5400s-1.5s"],
    ["string(timestamp('2026-01-01T00:00:00.5Z'))", "2026-01-01T00:00:00.5Z"],
    ["b'a' < b'b' && b'b' >= b'b'", true],
    ["quantity('50m').isInteger() || isQuantity('1x')", false],
    ["quantity('1').add(2).sub(1).asApproximateFloat()", 2],
    ["ip('10.0.0.1').family() == 4 && ip('::1').isLoopback()", true],
    ["isIP('010.0.0.1') || isIP('::ffff:1.2.3.4')", false],
    ["ip.isCanonical('2001:db8::abcd') && !ip.isCanonical('2001:DB8::ABCD')", true],
    ["string(ip('2001:db8:0:0:1:0:0:1'))", "2001:db8::1:0:0:1"],
    ["string(ip('::')) + string(ip('1::')) + string(ip('::1'))", "::1::::1"],
    ["cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", true],
    ["string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"],
    ["cidr('10.0.0.0/8').prefixLength()", 8],
    ["isCIDR('10.0.0.0/33')", false],
    ["semver('1.2.3').isLessThan(semver('1.10.0-alpha.1')) && semver('v1.2', true).minor() == 2", true],
    ["semver('1.0.0-alpha').compareTo(semver('1.0.0'))", -1],
    ["format.dns1123Label().validate('ok').hasValue()", false],
    ["format.named('uuid').value().validate('x').value()", ["invalid UUID"]],
    ["duration('1h').getMinutes() + timestamp('2024-02-03T04:05:06Z').getMonth()", 61],
    ["[3, 1, 2].sort() + [[1], [2]].flatten() + [1, 2, 3].slice(1, 2)", [1, 2, 3, 1, 2, 2]],
    ["cel.bind(x, object.replicas, x * x)", 9],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });

  it.each([
    ["object.missing == 1", "no such key: missing"],
    ["object.list[7]", "index out of bounds: 7"],
    ["object.name + 1", "no such overload"],
    ["1 / 0", "division by zero"],
    ["[].min()", "min called on empty list"],
    ["lists.range(-1)", "lists.range: size must be non-negative, got -1"],
    [
      "'%d'.format([object.name])",
      "error during formatting: decimal clause can only be used on integers, was given string",
    ],
    [
      "'%.1f'.format([object.replicas])",
      "error during formatting: fixed-point clause can only be used on doubles, was given int",
    ],
    [
      "'%x'.format([object.ratio])",
      "error during formatting: only integers, byte buffers, and strings can be formatted as hex, was given double",
    ],
  ])("%s fails", (expression, message) => {
    const { program } = compilePolicy({}, true).variable("x", expression);
    expect(() => program?.evaluate({ object })).toThrow(message);
  });
});

describe("errors of the compiler", () => {
  it.each([
    [
      "a/b",
      "compilation failed: ERROR: <input>:1:1: undeclared reference to 'a' (in container '')\n | a/b\n | ^\n" +
        "ERROR: <input>:1:3: undeclared reference to 'b' (in container '')\n | a/b\n | ..^",
    ],
    [
      "Bad_Value!",
      "compilation failed: ERROR: <input>:1:10: Syntax error: extraneous input '!' expecting <EOF>\n" +
        " | Bad_Value!\n | .........^",
    ],
    [
      "",
      "compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', " +
        "'-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
    ],
    [
      "'a' + 1 == 2",
      "compilation failed: ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'\n" +
        " | 'a' + 1 == 2\n | ....^",
    ],
    [
      "request.foo == 1",
      "compilation failed: ERROR: <input>:1:8: undefined field 'foo'\n | request.foo == 1\n | .......^",
    ],
    [
      "frob(1)",
      "compilation failed: ERROR: <input>:1:5: undeclared reference to 'frob' (in container '')\n | frob(1)\n | ....^",
    ],
    [
      "size(1) > 0",
      "compilation failed: ERROR: <input>:1:5: found no matching overload for 'size' applied to '(int)'\n" +
        " | size(1) > 0\n | ....^",
    ],
    [
      "true &&\n x",
      "compilation failed: ERROR: <input>:2:2: undeclared reference to 'x' (in container '')\n |  x\n | .^",
    ],
    ["1 + 1", "must evaluate to bool but got int"],
    ["object.spec.x", "must evaluate to bool but got dyn"],
  ])("%j", (expression, error) => {
    expect(compileMatchCondition(expression).error).toBe(error);
  });

  it("knows variables only when there are some, by their types", () => {
    expect(compilePolicy({}, false).compile("variables.n < 5", "bool").error).toContain(
      "undeclared reference to 'variables' (in container '')",
    );
    const policy = compilePolicy({ hasParams: true }, true);
    expect(policy.variable("n", "1 + 1").program?.type).toBe("int");
    expect(policy.compile("variables.n < 5 && params.x == 1", "bool").error).toBeUndefined();
    expect(policy.compile("variables.m < 5", "bool").error).toContain(":1:10: undefined field 'm'");
    expect(policy.compile("variables.n + 'a' == ''", "bool").error).toContain("'_+_' applied to '(int, string)'");
  });
});

describe("admission", () => {
  const facts = {
    kind: { group: "", version: "v1", kind: "Pod" },
    resource: { group: "", version: "v1", resource: "pods" },
    requestKind: { group: "", version: "v1", kind: "Pod" },
    requestResource: { group: "", version: "v1", resource: "pods" },
    operation: "CREATE",
    userInfo: { username: "alice", groups: ["dev"] },
    dryRun: false,
  };

  it("sees the request by its fields", () => {
    const { program } = compileMatchCondition(
      "request.userInfo.username == 'alice' && 'dev' in request.userInfo.groups && request.kind.kind == 'Pod' && " +
        "!has(request.namespace) && request.operation == 'CREATE' && object.metadata.name == 'x' && oldObject == null",
    );
    const object = toCel({ metadata: { name: "x" } });
    expect(program?.evaluate({ request: requestValue(facts), object, oldObject: null })).toBe(true);
  });

  it("computes variables when they are asked for", () => {
    const policy = compilePolicy({}, true);
    const unused = policy.variable("unused", "object.missing").program;
    const used = policy.variable("used", "object.n + 1").program;
    const { program } = policy.compile("variables.used == 2", "bool");
    if (!unused || !used || !program) throw new Error("does not compile");
    const object = toCel({ n: 1 });
    const variables = policyVariables(
      [
        { name: "unused", program: unused },
        { name: "used", program: used },
      ],
      () => ({ object, variables }),
    );
    expect(program.evaluate({ object, variables })).toBe(true);
  });
});

describe("mutations", () => {
  const made = toCel({ spec: { replicas: 2 }, metadata: { annotations: { a: "b" } } });
  const patches = compilePolicy({ hasPatches: true }, false);

  it.each<[string, string, unknown]>([
    [
      "Object{spec: Object.spec{replicas: object.spec.replicas + 1, ?paused: object.?nothing}}",
      "Object",
      { spec: { replicas: 3 } },
    ],
    [
      "Object{\n metadata: Object.metadata{annotations: {'mutated-by': 'Object{x: 1}'}}}",
      "Object",
      { metadata: { annotations: { "mutated-by": "Object{x: 1}" } } },
    ],
    [
      "has(object.spec) ? [JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: {'x': 1}}] : []",
      "list<JSONPatch>",
      [{ op: "add", path: "/metadata/labels/a~1b", value: { x: 1 } }],
    ],
    [
      "Object{spec: Object.spec{list: [Object.spec.list{name: 'a', on: object.spec.replicas == 2 ? true : false}]}}",
      "Object",
      { spec: { list: [{ name: "a", on: true }] } },
    ],
  ])("%s", (expression, type, expected) => {
    const { program, error } = patches.compile(expression, type);
    expect(error).toBeUndefined();
    expect(fromCel(program?.evaluate({ object: made }))).toEqual(expected);
  });

  it("must make what they are for", () => {
    expect(patches.compile("{'a': 1}", "Object").error).toBe("must evaluate to Object but got map(string, int)");
    expect(patches.compile("Object{}", "list<JSONPatch>").error).toBe(
      "must evaluate to list(JSONPatch) but got Object",
    );
  });
});
