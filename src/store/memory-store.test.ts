import { createMemoryStore } from "./index.ts";
import { describeStore } from "./store-suite.ts";

describeStore("the memory store", async (host, options) => createMemoryStore(host, options));
