import { describe, expect, test } from "vitest";
import {
  ApiError,
  errorMessage,
  errors,
  fieldError,
  isReason,
  quoteGo,
  root,
  statusOf,
  successStatus,
} from "./index.ts";

const configMaps = { group: "", resource: "configmaps" };
const deployments = { group: "apps", resource: "deployments" };

describe("errors of the API", () => {
  test.each([
    [errors.notFound(configMaps, "cm"), 404, "NotFound", 'configmaps "cm" not found'],
    [errors.alreadyExists(deployments, "d"), 409, "AlreadyExists", 'deployments.apps "d" already exists'],
    [
      errors.conflict(configMaps, "cm", "the object has been modified"),
      409,
      "Conflict",
      'Operation cannot be fulfilled on configmaps "cm": the object has been modified',
    ],
    [errors.forbidden(deployments, "d", "no"), 403, "Forbidden", 'deployments.apps "d" is forbidden: no'],
    [errors.forbidden(configMaps, "", "no"), 403, "Forbidden", "configmaps is forbidden: no"],
    [errors.forbidden({ group: "", resource: "" }, "", "no"), 403, "Forbidden", "forbidden: no"],
    [
      errors.methodNotSupported(deployments, "delete"),
      405,
      "MethodNotAllowed",
      'delete is not supported on resources of kind "deployments.apps"',
    ],
    [errors.unauthorized(), 401, "Unauthorized", "Unauthorized"],
    [errors.resourceExpired("old"), 410, "Expired", "old"],
    [errors.gone("old"), 410, "Gone", "old"],
    [errors.tooManyRequests("slow down", 1), 429, "TooManyRequests", "slow down"],
    [errors.timeout("late"), 504, "Timeout", "Timeout: late"],
    [
      errors.serverTimeout(configMaps, "list", 2),
      500,
      "ServerTimeout",
      "The list operation against configmaps could not be completed at this time, please try again.",
    ],
    [errors.internalError(new Error("boom")), 500, "InternalError", "Internal error occurred: boom"],
    [errors.requestEntityTooLarge(), 413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728"],
    [errors.unsupportedPatchType(), 415, "UnsupportedMediaType", "415: Unsupported Media Type"],
    [
      errors.notAcceptable(["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]),
      406,
      "NotAcceptable",
      "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf",
    ],
    [errors.genericNotFound(), 404, "NotFound", "the server could not find the requested resource"],
  ])("%s", (err, code, reason, message) => {
    expect(err.status).toMatchObject({ kind: "Status", apiVersion: "v1", status: "Failure", metadata: {} });
    expect([err.code, err.reason, err.message]).toEqual([code, reason, message]);
    expect(err.status.message).toBe(message);
  });

  test("an invalid object lists every error, as recorded from the original", () => {
    const data = root("data");
    const err = errors.invalid({ group: "", kind: "Secret" }, "tls", [
      fieldError.required(data.key("tls.crt")),
      fieldError.required(data.key("tls.key")),
    ]);
    expect(err.status).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'Secret "tls" is invalid: [data[tls.crt]: Required value, data[tls.key]: Required value]',
      reason: "Invalid",
      details: {
        name: "tls",
        kind: "Secret",
        causes: [
          { reason: "FieldValueRequired", message: "Required value", field: "data[tls.crt]" },
          { reason: "FieldValueRequired", message: "Required value", field: "data[tls.key]" },
        ],
      },
      code: 422,
    });
  });

  test("a single error stands without brackets, and the same one is told once", () => {
    const twice = fieldError.required("fieldManager", "is required for apply patch");
    const err = errors.invalid({ group: "meta.k8s.io", kind: "PatchOptions" }, "", [twice, twice]);
    expect(err.message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
    expect(err.status.details?.causes).toHaveLength(2);
    expect(err.status.details).not.toHaveProperty("name");
  });

  test("anything thrown has a Status, and no stack in it", () => {
    const status = statusOf(new TypeError("x is undefined"));
    expect(status).toMatchObject({ code: 500, reason: "InternalError" });
    expect(JSON.stringify(status)).not.toContain("status.test");
    expect(statusOf("odd").message).toBe("Internal error occurred: odd");
    const own = errors.badRequest("bad");
    expect(statusOf(own)).toBe(own.status);
  });

  test("callers branch on the reason", () => {
    const err: unknown = errors.notFound(configMaps, "a");
    expect(err).toBeInstanceOf(ApiError);
    expect(isReason(err, "NotFound")).toBe(true);
    expect(isReason(err, "Conflict")).toBe(false);
    expect(isReason(new Error("NotFound"), "NotFound")).toBe(false);
    expect(successStatus({ name: "a" })).toMatchObject({ status: "Success", details: { name: "a" } });
  });
});

describe("field errors", () => {
  const ports = root("spec").child("ports").index(1);

  test.each([
    [
      fieldError.invalid(ports.child("port"), 0, "must be between 1 and 65535, inclusive"),
      "spec.ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    ],
    [fieldError.duplicate(ports.child("name"), "http"), 'spec.ports[1].name: Duplicate value: "http"'],
    [
      fieldError.notSupported(ports.child("protocol"), "a/b", ["SCTP", "TCP", "UDP"]),
      'spec.ports[1].protocol: Unsupported value: "a/b": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      fieldError.notSupported("dryRun", ["Some"], ["All"]),
      'dryRun: Unsupported value: ["Some"]: supported values: "All"',
    ],
    [fieldError.required("data[tls.crt]"), "data[tls.crt]: Required value"],
    [
      fieldError.forbidden("immutable", "field is immutable when `immutable` is set"),
      "immutable: Forbidden: field is immutable when `immutable` is set",
    ],
    [fieldError.tooLong("spec.driver", "x", 63), "spec.driver: Too long: may not be more than 63 bytes"],
    [fieldError.tooMany("spec.x", 3, 1), "spec.x: Too many: 3: must have at most 1 item"],
    [fieldError.notFound("spec.x", "data"), 'spec.x: Not found: "data"'],
    [fieldError.typeInvalid("spec.x", "integer", "wrong"), 'spec.x: Invalid value: "integer": wrong'],
    [
      fieldError.invalid("spec.scopes", null, "field is immutable"),
      "spec.scopes: Invalid value: null: field is immutable",
    ],
    [fieldError.invalid("spec.x", true, "no"), "spec.x: Invalid value: true: no"],
    [
      fieldError.invalid("spec.selector", { matchLabels: { app: "a<b" } }, "invalid label selector"),
      'spec.selector: Invalid value: {"matchLabels":{"app":"a\\u003cb"}}: invalid label selector',
    ],
    [fieldError.invalid("spec.x", "variables.n < 5", "no"), 'spec.x: Invalid value: "variables.n < 5": no'],
  ])("%o", (error, message) => {
    expect(errorMessage(error)).toBe(message);
  });

  test("strings are quoted as in Go", () => {
    expect(quoteGo('a"b\\c\n\u0001\u007fé')).toBe('"a\\"b\\\\c\\n\\x01\\x7fé"');
  });

  test("paths join names with dots and put keys and indexes in brackets", () => {
    const containers = root("spec", "template", "spec").child("containers");
    expect(containers.index(0).child("resources", "limits").key("cpu").toString()).toBe(
      "spec.template.spec.containers[0].resources.limits[cpu]",
    );
    expect(containers.toString()).toBe("spec.template.spec.containers");
  });
});
