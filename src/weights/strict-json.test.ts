import { expect, test } from "vitest";
import { WeightError } from "../errors.ts";
import { type JsonValue, parseStrictJson } from "./strict-json.ts";

const parse = (text: string) => parseStrictJson(text, (what) => new WeightError("weights-format", what));

/** Back to what JSON.parse gives, for comparison. */
function plain(value: JsonValue): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === "bigint" ? Number(value) : value;
}

test("reads what JSON.parse reads", () => {
  for (const text of [
    ' { "a" : [ 1 , -2.5e3, true, false, null ] , "b" : { } , "" : [ ] } \n',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83e\\udd8a é"',
    '["\\\\","\\\\\\"","a"]',
    "0",
    "[0.5,1E+2,-0.0]",
    "123456789012345678901234567890",
  ]) {
    expect(plain(parse(text))).toEqual(JSON.parse(text));
  }
});

test("objects are Maps with their keys in order, `__proto__` among them; integers are exact", () => {
  const map = parse('{"10":1,"9":9007199254740993,"__proto__":{"x":[]}}') as Map<string, JsonValue>;
  expect([...map.keys()]).toEqual(["10", "9", "__proto__"]);
  expect(map.get("9")).toBe(9007199254740993n);
  expect(map.get("x")).toBeUndefined();
});

test("what is no JSON is refused where JSON.parse refuses it", () => {
  const faulty = ["", "{", "{}}", "[1,]", '{"a":1,}', '{"a"}', "{a:1}", "[01]", "[1.]", "[.5]", "[+1]", "nul", "[1 2]"];
  faulty.push(
    '"a',
    '"\\x"',
    '"\\u12"',
    '"a\nb"',
    "'a'",
    "[1]x",
    "NaN",
    '{"a" "b"}',
    "\ufeff{}",
    "\u00a0{}",
    "[1}",
    '"\\"',
  );
  for (const text of faulty) {
    expect(() => JSON.parse(text), text).toThrow(SyntaxError);
    expect(() => parse(text), text).toThrow(WeightError);
  }
});

test("duplicate keys at any level, half surrogates and endless nesting are refused", () => {
  expect(() => parse('{"a":{"x":1,"\\u0078":2}}')).toThrow('the key "x" stands twice in one object');
  expect(() => parse('{"a":1,"b":2,"a":1}')).toThrow('the key "a" stands twice');
  expect(parse('[{"a":1},{"a":1}]')).toHaveLength(2);
  expect(() => parse('"\\ud800"')).toThrow("half a surrogate pair");
  expect(() => parse("[".repeat(1e6))).toThrow("nested deeper than 16 levels");
  expect(() => parse('{"a" 1}')).toThrow('found "1}" at character 5, expected ":" after the key "a"');
});
