import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { addFrontProxyFlags, frontProxySettings } from "./front-proxy-options.ts";

const settings = (...args: string[]) =>
  frontProxySettings(addFrontProxyFlags(new Command()).parse(args, { from: "user" }).opts());

test("without flags front proxies are known as kubeadm sets it up, and services reached at their endpoints", () => {
  expect(settings()).toEqual({
    routing: "Endpoints",
    requestHeader: {
      allowedNames: ["front-proxy-client"],
      usernameHeaders: ["X-Remote-User"],
      uidHeaders: [],
      groupHeaders: ["X-Remote-Group"],
      extraHeaderPrefixes: ["X-Remote-Extra-"],
    },
  });
});

test("files are read, and lists have commas", () => {
  const dir = mkdtempSync(join(tmpdir(), "sampan-flags-"));
  try {
    const file = (name: string): string => {
      const path = join(dir, name);
      writeFileSync(path, `text of ${name}`);
      return path;
    };
    const given = settings(
      `--proxy-client-cert-file=${file("cert")}`,
      `--proxy-client-key-file=${file("key")}`,
      `--requestheader-client-ca-file=${file("ca")}`,
      "--requestheader-allowed-names=",
      "--requestheader-uid-headers=X-Remote-Uid, X-Uid",
      "--enable-aggregator-routing=false",
    );
    expect(given).toMatchObject({ cert: "text of cert", key: "text of key", routing: "ClusterIP" });
    expect(given?.requestHeader).toMatchObject({
      clientCa: "text of ca",
      allowedNames: [],
      uidHeaders: ["X-Remote-Uid", "X-Uid"],
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a certificate without its key is refused", () => {
  expect(() => settings("--proxy-client-cert-file=/nowhere")).toThrow("need each other");
});
