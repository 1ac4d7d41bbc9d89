/** Names of classes in every form that metadata has them. */
import { describe, expect, it } from "vitest";
import { labelsFromMetadata } from "./class-labels.ts";

describe("class names", () => {
  const read = (metadata: Record<string, string>, classes = 3) =>
    labelsFromMetadata(new Map(Object.entries(metadata)), classes, "some.pth");
  it.each([
    [{ classes: '["a","b","c"]' }],
    [{ class_names: '["a","b","c"]' }],
    [{ class_to_idx: '{"c":2,"a":0,"b":1}' }],
    [{ id2label: '{"1":"b","0":"a","2":"c"}' }],
    [{ "idx_to_class.0": "a", "idx_to_class.1": "b", "idx_to_class.2": "c" }],
    [{ classes: "3", "meta.class_to_idx": '{"c":2,"a":0,"b":1}' }],
    [{ "hyper_parameters.classes": '["x"]', "data.classes": '["a","b","c"]' }],
  ])("of %j", (metadata) => expect(read(metadata)).toEqual(["a", "b", "c"]));

  it("may be numbers", () => expect(read({ classes: "[0,1,2]" })).toEqual(["0", "1", "2"]));

  it("are refused where they are not one for each class", () => {
    expect(() => read({ class_to_idx: '{"a":0,"b":0,"c":1}' })).toThrow(
      'metadata "class_to_idx" is no JSON object with the 3 names',
    );
    expect(() => read({ classes: '["a","b"]' })).toThrow('metadata "classes" is no JSON list of 3 names');
    expect(read({ classes: '["a"]' }, 0)).toBeUndefined();
    expect(read({ "args.classes": '["a"]' })).toBeUndefined();
    expect(read({ "id2label.0": "a", "id2label.1": "b" })).toBeUndefined();
  });
});
