import type { ObjectShape, Scalar, Shape } from "./shape.ts";

/** `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
export function structName(shape: ObjectShape): string {
  return shape.name.slice(shape.name.lastIndexOf(".") + 1);
}

const scalarTypes: Readonly<Record<Scalar, string>> = {
  string: "string",
  boolean: "bool",
  int32: "int32",
  int64: "int64",
  number: "float64",
  bytes: "[]uint8",
  intOrString: "int32",
  quantity: "resource.Quantity",
  time: "string",
  microTime: "string",
  duration: "string",
};

/** How Go's JSON errors name the type of a field. */
export function goType(shape: Shape): string {
  switch (shape.kind) {
    case "object": {
      const [type = "", pkg = ""] = shape.name.split(".").reverse();
      return `${pkg}.${type}`;
    }
    case "list":
      return `[]${goType(shape.items)}`;
    case "map":
      return `map[string]${goType(shape.values)}`;
    case "scalar":
      return scalarTypes[shape.scalar];
    case "any":
      return "runtime.RawExtension";
  }
}
