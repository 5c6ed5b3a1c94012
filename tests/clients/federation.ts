// A stranger at another node: what is public answers, what is not says who may ask.
// It is compiled against the document, and run against a live node.

import createClient from "openapi-fetch";
import type { components, paths } from "./types/federation.js";

const node = process.env["STAFFETTA_FEDERATION"];
if (node === undefined) throw new Error("STAFFETTA_FEDERATION is not set: run this beside tests/live/run");

const exchange = createClient<paths>({ baseUrl: node });

const status = await exchange.GET("/status");
if (status.data?.status !== "ok") throw new Error(`status: ${status.response.status}`);

const refused = await exchange.GET("/link");
const problem: components["schemas"]["ProblemDocument"] | undefined = refused.error;
if (problem?.code !== "not_authenticated") throw new Error(`link: ${refused.response.status}`);

console.log("the exchange answers");
