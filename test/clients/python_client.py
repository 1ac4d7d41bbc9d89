"""The steps by the client from PyPI, as its README has them. Arguments: the scenario (JSON), the photos' folder. The server and the key are in
ALGORITHMIA_API and ALGORITHMIA_API_KEY. Prints a JSON line a step."""
import json
import sys

import Algorithmia
from Algorithmia.acl import ReadAcl
from Algorithmia.algorithm import OutputType

scenario, folder = json.loads(sys.argv[1]), sys.argv[2]
photos, examples = scenario["photos"], scenario["examples"]
client = Algorithmia.client()
name = "imageclassification/ResNetFeatureExtraction"


def say(step, result):
    print(json.dumps({"step": step, "result": result}), flush=True)


def call(path, value, **options):
    algorithm = client.algo(path)
    if options:
        algorithm.set_options(**options)
    try:
        reply = algorithm.pipe(value)
    except Exception as error:
        return {"error": getattr(error, "message", str(error))}
    if options.get("output") is not None:
        return reply if isinstance(reply, str) else vars(reply)
    assert isinstance(reply.metadata.duration, float), reply.metadata
    return reply.result


def read(photo):
    with open(folder + "/" + photo, "rb") as file:
        return file.read()


directory = client.dir("data://.my/training_data")
say("folder before", directory.exists())
directory.create()
say("folder after", directory.exists())
for i, photo in enumerate(photos):
    file = directory.file("image%d.jpg" % (i + 1))
    file.putFile(folder + "/" + photo) if i % 2 else file.put(read(photo))
say("example 1", call(name, examples["first"]))
say("example 2", call(name, examples["second"]))
images = examples["second"]["image_path"]
for depth in [18, 34, 50, 101]:
    say("depth %d" % depth, call(name, {"image_path": [images[2]], "resnet_depth": depth}))
say("text", call("algo://" + name + "/1.0.0", images[0]))
say("bytes", call("/" + name, read(photos[0]), timeout=60, stdout=False))
say("second ?", call(name + "?timeout=60?stdout=true", {"image_path": images[0], "resnet_depth": 18}))
say("raw", json.loads(call(name, {"image_path": images[0], "resnet_depth": 18}, output=OutputType.raw)))
say("void", sorted(call(name, {"image_path": images[0], "resnet_depth": 18}, output=OutputType.void)))
say("depth 19", call(name, {"image_path": "data://.my/training_data", "resnet_depth": 19}))
say("no folder", call(name, {"image_path": "data://.my/nowhere"}))
say("list", [file.path for file in directory.files()])
say("sizes", [file.size for file in directory.files()])
say("get", directory.file("image1.jpg").getBytes() == read(photos[0]))
results = directory.file("results of to-day.json")
results.putJson({"depth": 50, "images": [1, 2]})
say("get json", results.getJson())
say("get string", results.getString())
say("file exists", results.exists())
say("username", client.username())
inner = directory.dir("inner")
inner.create(ReadAcl.private)
say("private", inner.get_permissions().read_acl.pseudonym)
inner.update_permissions(ReadAcl.my_algos)
say("my_algos", inner.get_permissions().read_acl.pseudonym)
say("dirs", [one.path for one in directory.dirs()])
say("delete file", results.delete())
say("file is gone", results.exists())
try:
    directory.delete()
    say("not empty", None)
except Exception as error:
    say("not empty", str(error))
say("delete folder", directory.delete(True))
say("folder is gone", directory.exists())
