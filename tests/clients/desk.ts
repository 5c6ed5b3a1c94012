// A program of the same organisation at its node's desk: takes somebody up, begins her card, and reads both again.
// It is compiled against the document, and run against a live node.

import createClient from "openapi-fetch";
import type { paths } from "./types/desk.js";

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run this beside tests/live/run`);
  return value;
}

function told<T>(what: string, answer: { data?: T; error?: { code: string }; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${what}: ${answer.response.status} ${answer.error?.code ?? ""}`);
  return answer.data;
}

const desk = createClient<paths>({
  baseUrl: given("STAFFETTA_DESK"),
  headers: { Authorization: `Bearer ${given("STAFFETTA_OPERATOR")}`, "Accept-Language": "en" },
});

// The same request twice, as after a lost answer: one person.
const add = () =>
  desk.POST("/people", {
    params: { header: { "Idempotency-Key": '"clients-desk-1"' } },
    body: { label: "Awa D." },
  });
const person = told("take up", await add());
const again = told("take up again", await add());
if (again.id !== person.id) throw new Error("asked twice, taken up twice");

const path = { person: person.id };
const card = told(
  "quick card",
  await desk.POST("/people/{person}/card", {
    params: { path },
    body: {
      interview_language: { language: "fra" },
      interpreter: false,
      province: "PO",
      right_to_work: "yes",
      italian: "a2",
      target_occupations: { kind: "any" },
      skills: [{ skill: { kind: "free", text: "sartoria" }, source: "self" }],
      known_at_recipient: "no",
    },
  }),
);

// An edit on an old version is refused with both sides.
const stale = await desk.PUT("/people/{person}", {
  params: { path, header: { "If-Match": '"1"' } },
  body: { label: "Awa Diallo" },
});
if (stale.response.status !== 412 || stale.error?.current === undefined) throw new Error("an old version was taken");
told("relabel", await desk.PUT("/people/{person}", {
  params: { path, header: { "If-Match": stale.error.current } },
  body: { label: "Awa Diallo" },
}));

const list = told("list", await desk.GET("/people", { params: { query: { limit: 200, fields: ["id", "label"] } } }));
const found = list.items.find((entry) => entry.id === person.id);
if (found?.label !== "Awa Diallo") throw new Error("she is not in the list");

const version: number = card.version;
console.log(`a person with version ${version} of her card, ${list.items.length} in all`);
