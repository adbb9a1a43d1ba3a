// members() on arbitrary bytes: no crash, what simdjson accepts is accepted, and the parts found are the document.
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "json/scan.h"

namespace {

using namespace weir::json;

void require(bool condition) {
    if (!condition) std::abort();
}

void read_value(std::string_view raw) {
    std::string out;
    if (append_string(raw, out)) {
        std::string written;
        write_string(out, written);
        require(as_string(written) == out);
    }
    for (const std::size_t most : {std::size_t{0}, std::size_t{5}, std::size_t{64}}) {
        std::string excerpt;
        require(append_excerpt(raw, most, excerpt) == is_string(raw));
        require(excerpt.size() <= std::max(out.size(), most + 1 + (most + 1) / 2));
    }
    (void)as_double(raw);
    (void)as_int64(raw);
    (void)as_bool(raw);
    (void)is_empty_container(raw);
}

void walk(std::string_view document, Span container) {
    for (Walk step(document, container); step.next();) {
        require(container.begin < step.value().begin && step.value().begin < step.value().end &&
                step.value().end < container.end);
        read_value(step.raw());
        if (!is_string(step.raw())) walk(document, step.value());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // An exact copy, so that AddressSanitizer sees any read beyond it.
    std::vector<char> exact;
    exact.reserve(size == 0 ? 1 : size);
    exact.assign(data, data + size);
    const std::string_view text(exact.data(), exact.size());
    std::vector<Member> found;
    const bool accepted = members(text, found).has_value();

    simdjson::dom::parser oracle(1u << 24);
    require(oracle.allocate(size + 1, kMaxDepth) == simdjson::SUCCESS);
    simdjson::dom::object object;
    const bool oracle_accepts = oracle.parse(text.data(), text.size()).get(object) == simdjson::SUCCESS;
    if (oracle_accepts) require(accepted);
    if (!accepted) return 0;

    std::vector<Member> walked;
    members_within(text, {static_cast<std::size_t>(text.find('{')), text.rfind('}') + 1}, walked);
    require(walked.size() == found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
        require(walked[i].key == found[i].key && walked[i].value == found[i].value);
        read_value(found[i].raw(text));
        walk(text, found[i].value);
    }
    std::string small;
    minify(text, small);
    std::vector<Member> again;
    require(members(small, again) && again.size() == found.size());
    return 0;
}
