#include "wire/plain_answer.h"

#include <doctest/doctest.h>

#include "wire/answer_text.h"
#include "wire/chat_answer.h"

using namespace weir;
using namespace weir::wire;

TEST_CASE("plain answer: what is read of it is what was said") {
    Usage usage;
    usage.input_uncached = 12;
    usage.output = 3;
    for (const std::string_view text : {"billing", "", "two\nlines \"quoted\" \\ and \x01", "Gr\u00fc\u00dfe \u6F22",
                                        R"({"label":"a","sure":true})"}) {
        const std::string body = render_plain_answer("chatcmpl-weir", "weir/student", 1'720'000'000, text, usage);
        CAPTURE(body);
        CHECK(body.find('\n') == std::string::npos);
        const auto read = read_chat_answer(body);
        REQUIRE(read);
        CHECK(read->usage.reported);
        CHECK(read->usage.input() == 12);
        CHECK(read->usage.output == 3);
        CHECK(read->logprobs.tokens == 0);
        if (!text.empty()) CHECK(answer_text(body) == std::string(text));
        CHECK(body.find(R"("total_tokens":15)") != std::string::npos);
        std::string stream;
        CHECK(body_to_stream(body, true, stream));
        CHECK(stream.ends_with("data: [DONE]\n\n"));
    }
}
