import { expect, test } from "vitest";
import type { Json } from "../support/api.ts";
import { core, labelled } from "../support/paths.ts";
import { conformanceSuite } from "../support/suite.ts";

const suite = conformanceSuite({ nodes: false });

test("EndpointSlice Mirroring", async () => {
  const { api } = suite;
  const namespace = await suite.namespace();
  const name = "example-custom-endpoints";
  const ports = [{ name: "example", port: 80, protocol: "TCP" }];
  await api.create(core(namespace, "services"), { metadata: { name }, spec: { ports } });
  const endpoints = core(namespace, "endpoints");
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${labelled(
    `kubernetes.io/service-name=${name},endpointslice.kubernetes.io/managed-by=endpointslicemirroring-controller.k8s.io`,
  )}`;
  const addressesOf = (items: Json[]) =>
    items.flatMap((slice) => (slice.endpoints ?? []).flatMap((one: Json) => one.addresses));
  const untilMirrored = (address: string) =>
    api.untilList(slices, (items) => addressesOf(items).join() === address && items.length === 1);

  await api.create(endpoints, { metadata: { name }, subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports }] });
  const [created] = await untilMirrored("10.1.2.3");
  expect(created.ports).toEqual(ports);
  expect(created.addressType).toBe("IPv4");
  await api.edit(`${endpoints}/${name}`, (object) => {
    object.subsets[0].addresses = [{ ip: "10.2.3.4" }];
  });
  const [updated] = await untilMirrored("10.2.3.4");
  expect(updated.metadata.name).toBe(created.metadata.name);
  await api.delete(`${endpoints}/${name}`);
  await api.untilList(slices, (items) => items.length === 0);
});
