import { expect, test } from "vitest";
import { type Descriptor, serviceDefinition } from "./index.ts";

const descriptor: Descriptor = {
  nested: {
    shop: {
      nested: {
        v1: {
          nested: {
            Shop: { methods: { Buy: { requestType: "Order", responseType: "Order", responseStream: true } } },
            Size: { values: { SMALL: 0, LARGE: 1 } },
            Order: {
              fields: {
                size: { id: 1, type: "Size" },
                atNanos: { id: 2, type: "int64" },
                seal: { id: 3, type: "bytes" },
                notes: { id: 4, type: "string", rule: "repeated" },
              },
            },
          },
        },
      },
    },
  },
};

test("a method has its path, its kind of streaming and a codec that gives back what it was given", () => {
  const { Buy } = serviceDefinition(descriptor, "shop.v1.Shop", { int64: "text" });
  if (!Buy) throw new Error("no method");
  expect(Buy).toMatchObject({ path: "/shop.v1.Shop/Buy", requestStream: false, responseStream: true });
  const order = { size: "LARGE", atNanos: "1764000000000000001", seal: Buffer.from([1, 2]), notes: ["a"] };
  expect(Buy.requestDeserialize(Buy.requestSerialize(order))).toEqual(order);
});

test("64-bit integers are numbers when asked for, and unset fields have their zero value", () => {
  const { Buy } = serviceDefinition(descriptor, "shop.v1.Shop", { int64: "number" });
  if (!Buy) throw new Error("no method");
  const got = Buy.requestDeserialize(Buy.requestSerialize({ atNanos: 42 }));
  expect(got).toEqual({ size: "SMALL", atNanos: 42, seal: Buffer.alloc(0), notes: [] });
});

test("a service that the descriptor lacks is refused", () => {
  expect(() => serviceDefinition(descriptor, "shop.v1.Bank", { int64: "number" })).toThrow(/shop\.v1\.Bank/);
});
