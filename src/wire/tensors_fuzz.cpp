// Bodies of arbitrary bytes, "LENGTH\nBODY", as requests and as answers with binary tensors: no crash, what is read
// lies in the body, a key is the same each time and another where a tensor's byte is, and what an answer reads as is
// JSON.
#include <cstdint>
#include <cstdlib>

#include "json/scan.h"
#include "wire/open_inference.h"
#include "wire/tensors.h"

namespace {

using namespace weir;

void require(bool condition) {
    if (!condition) std::abort();
}

void answer(std::string_view body, std::size_t head_bytes) {
    const std::string kept = wire::kept_form(std::string(body), head_bytes);
    const wire::TensorBody read = wire::read_kept(kept);
    if (head_bytes > 0)
        require(read.head.size() == head_bytes && read.head.size() + read.tensors.size() == body.size());
    constexpr std::size_t kMost = 4096;
    if (const auto json = wire::answer_as_json(kept, kMost)) {
        std::vector<json::Member> members;
        require(json->size() <= kMost && json::members(*json, members).has_value());
        require(json::members(wire::with_id_of(*json, R"({"id":"x"})"), members).has_value());
    }
}

void request(const wire::TensorBody& body) {
    std::vector<json::Member> members;
    if (!json::members(body.head, members)) return;
    (void)wire::says_it_all(body.head);
    const wire::FieldRules rules{{}, {*json::Path::parse("/id")}};
    const Result<Digest256> key = wire::request_digest(body.head, body.tensors, rules);
    if (!key) return;
    require(*key == *wire::request_digest(body.head, body.tensors, rules));
    if (body.tensors.empty()) return;
    std::string other(body.tensors);
    other.back() = static_cast<char>(other.back() ^ 1);
    require(*key != *wire::request_digest(body.head, other, rules));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const std::size_t line = text.find('\n');
    if (line == std::string::npos) return 0;
    const std::string_view body = std::string_view(text).substr(line + 1);
    const auto split = wire::split_tensors(body, std::string_view(text).substr(0, line));
    answer(body, 0);
    if (!split) return 0;
    require(split->head.size() + split->tensors.size() == body.size());
    answer(body, split->head.size());
    request(*split);
    return 0;
}
