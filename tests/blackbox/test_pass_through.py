"""Paths that Weir does not know go to the provider as they are, and its answer comes back as it is."""

import json
import unittest

from harness import upstream
from harness.case import GatewayCase
from harness.gateway import simple

SCORES = {"id": "r-1", "results": [{"index": 0, "relevance_score": 0.98}], "usage": {"total_tokens": 7}}
# Spelled as no serialiser would.
MODERATION = b'{ "model":"omni-moderation-latest" , "input":"caf\\u00e9", "n": 1.0e0, "x":1, "x":2 }'


class PassThrough(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["models"] = {
            "fake/ranker": {"upstream_name": "rank-v2", "price": {"input": 2, "output": 0}},
            "fake/imager": {"price": {"input": 5, "output": 40}},
        }
        return config

    def row(self, reply):
        return self.weir.row(reply)

    def test_bytes_go_and_come_as_they_are(self):
        said = b'{"id": "modr-1", "results": [{"flagged": false, "score": 1E-7}]}'
        self.up.answer = upstream.body(said, headers=[("x-provider", "yes")])
        reply = self.weir.ask("POST", "/v1/moderations?trace=1", MODERATION, [("x-custom", "a"), ("cookie", "secret=1")])
        self.assertEqual((reply.status, reply.body), (200, said))
        self.assertEqual(reply.header("x-provider"), "yes")
        self.assertEqual(reply.header("x-weir-tier"), "reference")
        (seen,) = self.up.requests
        self.assertEqual(seen.body, MODERATION)
        self.assertEqual(seen.target, "/v1/moderations?trace=1")
        self.assertEqual(seen.header("x-custom"), "a")
        self.assertIsNone(seen.header("cookie"))

    def test_only_the_models_name_changes(self):
        self.up.answer = upstream.body(SCORES)
        body = b'{"query":"q", "documents":["a"], "model": "fake/ranker", "top_n":1.0}'
        reply = self.weir.ask("POST", "/v1/rerank", body)
        self.assertEqual(reply.json(), SCORES)
        self.assertEqual(self.up.requests[0].body, body.replace(b'"fake/ranker"', b'"rank-v2"'))

    def test_what_is_counted_is_priced_what_is_not_is_unknown(self):
        counted = dict(SCORES, usage={"prompt_tokens": 1000, "total_tokens": 1000})
        self.up.answer = upstream.body(counted)
        reply = self.weir.ask("POST", "/v1/rerank", {"model": "fake/ranker", "query": "q", "documents": []})
        self.assertEqual(reply.header("x-weir-cost-usd"), "0.002")
        self.up.answer = upstream.body({"results": []})
        reply = self.weir.ask("POST", "/v1/rerank", {"model": "fake/ranker", "query": "q", "documents": []})
        self.assertEqual(reply.header("x-weir-cost-usd"), "unknown")

    def test_other_kinds_of_answers(self):
        sound = bytes(range(256)) * 50

        def speech(exchange):
            head, whole = upstream.framed([sound[:5000], sound[5000:]], "chunked", kind="audio/mpeg")
            return upstream.send_in(exchange, head, whole)

        self.up.answer = speech
        reply = self.weir.ask("POST", "/v1/audio/speech", {"model": "tts-1", "input": "hello", "voice": "v"})
        self.assertEqual((reply.status, reply.header("content-type"), reply.body), (200, "audio/mpeg", sound))
        self.assertTrue(reply.complete)

    def test_other_kinds_of_requests(self):
        self.up.answer = upstream.body({"text": "hello"})
        form = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b--\r\n'
        kind = "multipart/form-data; boundary=b"
        reply = self.weir.ask("POST", "/v1/audio/transcriptions", form, [("content-type", kind)])
        self.assertEqual(reply.json(), {"text": "hello"})
        self.assertEqual((self.up.requests[0].body, self.up.requests[0].header("content-type")), (form, kind))

    def test_streams(self):
        events = [b"event: image.partial\ndata: {\"n\":1}\n\n", b": alive\n\n", b"data: {\"usage\":{\"input_tokens\":4,"
                  b"\"output_tokens\":2,\"total_tokens\":6}}\n\n"]
        self.up.answer = upstream.stream(events)
        reply = self.weir.ask("POST", "/v1/images/generations", {"model": "fake/imager", "stream": True})
        self.assertEqual((reply.body, reply.complete), (b"".join(events), True))
        self.up.answer = upstream.stream(events, cut=30)
        reply = self.weir.ask("POST", "/v1/images/generations", {"model": "fake/imager", "stream": True})
        self.assertIn("upstream_broke_off", json.loads(reply.events[-1])["error"]["code"])

    def test_the_last_event_may_lack_its_blank_line(self):
        events = [b"data: {\"n\":1}\n\n", b"data: {\"n\":2}\n"]
        for piece in (None, 1, 7):
            self.up.answer = upstream.stream([b"".join(events)], piece=piece)
            reply = self.weir.ask("POST", "/v1/images/generations", {"model": "fake/imager", "stream": True})
            self.assertEqual((reply.body, reply.complete), (b"".join(events), True))

    def test_only_from_the_caches_is_from_nowhere(self):
        reply = self.weir.ask("POST", "/v1/rerank", {"model": "fake/ranker"}, [("x-weir-cache", "only")])
        self.assert_error(reply, 504, code="cache_miss")
        self.assertEqual(self.up.requests, [])

    def test_errors_are_the_providers(self):
        said = {"error": {"message": "No such thing", "type": "invalid_request_error", "param": "x", "code": "nope"}}
        self.up.answer = upstream.body(said, status=404)
        reply = self.weir.ask("POST", "/v1/batches", {"endpoint": "/v1/x"})
        self.assertEqual((reply.status, reply.json()), (404, said))
        self.up.answer = upstream.dropped()
        self.assert_error(self.weir.ask("POST", "/v1/batches", {"endpoint": "/v1/x"}), 502)

    def test_what_is_refused(self):
        for path in ("/v1/../admin", "/v1/a//b", "/v1/a%2e%2e/b", "/v1/" + "a" * 600):
            with self.subTest(path=path[:20]):
                self.assertIn(self.weir.ask("POST", path, {"model": "m"}).status, (400, 404))
        for body in (b"[]", b"{", b'{"model":1}', b'{"model":"a","model":"b"}', b'{"model":"a","stream":"yes"}'):
            with self.subTest(body=body):
                self.assert_error(self.weir.ask("POST", "/v1/rerank", body), 400)
        for method in ("GET", "DELETE", "PUT"):
            self.assertEqual(self.weir.ask(method, "/v1/files/f-1").status, 404)
        self.assert_error(
            self.weir.ask("POST", "/v1/rerank", {"model": "m"}, [("x-weir-provider", "nobody")]), 400, "x-weir-provider"
        )
        self.assertEqual(self.up.requests, [])


class SeveralProviders(GatewayCase):
    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"]["closed"] = {"api": "openai", "base_url": cls.up.base_url, "pass_through": False}
        return config

    def test_a_request_that_names_no_model_names_its_provider(self):
        self.up.answer = upstream.body({"id": "batch_1"})
        self.assert_error(self.weir.ask("POST", "/v1/batches", {"a": 1}), 400, "x-weir-provider")
        reply = self.weir.ask("POST", "/v1/batches", {"a": 1}, [("x-weir-provider", "fake")])
        self.assertEqual(reply.json(), {"id": "batch_1"})
        self.assertIsNone(self.up.requests[0].header("x-weir-provider"))
        self.assert_error(self.weir.ask("POST", "/v1/batches", {"a": 1}, [("x-weir-provider", "closed")]), 404, "closed")


def told(kind, number, **more):
    return b"event: %s\ndata: %s\n\n" % (
        kind.encode(),
        json.dumps(dict({"type": kind, "sequence_number": number}, **more)).encode(),
    )


RESPONSE = {"id": "resp_abc", "object": "response", "created_at": 7, "model": "gpt-4o", "status": "in_progress", "output": []}
RESPONSES = [
    told("response.created", 4, response=RESPONSE),
    told("response.output_item.added", 5, output_index=0, item={"type": "message", "id": "msg_1", "content": []}),
    told("response.output_text.delta", 6, output_index=0, delta="Fo"),
    told("response.output_text.delta", 7, output_index=0, delta="ur"),
]
MESSAGES = [
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","usage":{"input_tokens":4}}}\n\n',
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
    b'event: ping\ndata: {"type":"ping"}\n\n',
]


class LastEvents(GatewayCase):
    """A stream of an API that Weir knows is whole where that API says so, not where its bytes end well."""

    @classmethod
    def config(cls):
        config = simple(cls.up)
        config["providers"]["fake"]["offers"] = ["messages", "responses"]
        return config

    def responses(self, **more):
        return self.weir.ask("POST", "/v1/responses", dict({"model": "gpt-4o", "input": "q", "stream": True}, **more))

    def messages(self, **more):
        turns = [{"role": "user", "content": "q"}]
        return self.weir.ask(
            "POST", "/v1/messages", dict({"model": "gpt-4o", "max_tokens": 5, "messages": turns, "stream": True}, **more)
        )

    # Those that chat has words for are relayed, the others passed on.
    PASSED = ({}, {"previous_response_id": "resp_0"})

    def test_responses_go_on_counting(self):
        whole = b"".join(RESPONSES)
        for more in self.PASSED:
            for count in range(1, len(RESPONSES) + 1):
                for framed in (True, False):
                    with self.subTest(more=more, count=count, framed=framed):
                        sent = b"".join(RESPONSES[:count])
                        answer = upstream.stream([sent]) if framed else upstream.stream([whole + b"xx"], cut=len(sent) + 6)
                        self.up.script(answer)
                        reply = self.responses(**more)
                        events = [json.loads(data) for data in reply.events]
                        self.assertTrue(reply.body.startswith(sent))
                        self.assertEqual([one["type"] for one in events[count:]], ["error", "response.failed"])
                        self.assertEqual([one["sequence_number"] for one in events], list(range(4, 4 + len(events))))
                        self.assertEqual(events[-1]["response"]["id"], "resp_abc")
                        self.assertFalse(self.row(reply)["complete"])

    def row(self, reply):
        return self.weir.row(reply)

    def test_responses_that_end(self):
        for kind in ("response.completed", "response.incomplete", "response.failed", "error"):
            for more in self.PASSED[1:]:
                sent = b"".join(RESPONSES) + told(kind, 8, response=dict(RESPONSE, status=kind[9:]))
                for tail in (b"", b": bye\n\n"):
                    self.up.script(upstream.stream([sent + tail], piece=13))
                    reply = self.responses(**more)
                    self.assertEqual((reply.body, reply.complete), (sent + tail, True), kind)
                self.up.script(upstream.stream([sent[:-1]]))  # without its blank line
                self.assertEqual(self.responses(**more).body, sent[:-1])

    def test_messages(self):
        stop = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
        for more in ({}, {"top_k": 5}):
            for count in range(1, len(MESSAGES) + 1):
                sent = b"".join(MESSAGES[:count])
                self.up.script(upstream.stream([sent]))
                reply = self.messages(**more)
                self.assertTrue(reply.body.startswith(sent))
                self.assertEqual([json.loads(data)["type"] for data in reply.events[count:]], ["error"])
        for end in (stop, b'data: {"type":"message_stop"}\n\n', b'event: error\ndata: {"type":"error","error":{}}\n\n'):
            sent = b"".join(MESSAGES) + end
            self.up.script(upstream.stream([sent]))
            self.assertEqual(self.messages(top_k=5).body, sent)

    def test_nothing_at_all_is_no_answer(self):
        self.up.script(upstream.stream([]))
        self.assertEqual(self.messages(top_k=5).status, 502)

    def test_other_paths_end_as_they_like(self):
        sent = b'data: {"n":1}\n\n'
        self.up.script(upstream.stream([sent]))
        reply = self.weir.ask("POST", "/v1/audio/speech", {"model": "gpt-4o", "input": "x"})
        self.assertEqual((reply.body, reply.complete), (sent, True))


if __name__ == "__main__":
    unittest.main()
