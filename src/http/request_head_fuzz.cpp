// Request heads: whole and in pieces against the slow reading. The first byte says where the input is cut.
#include <cstdint>
#include <cstdlib>

#include "http/head_oracle.h"

using namespace weir::http;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const HeadLimits limits{512, 16};
    std::size_t resume_from = 0;
    RequestHead head;
    const HeadResult whole = parse_request_head(bytes, limits, resume_from, head);
    const auto slow = oracle::read_request(bytes, limits);
    require((whole.state == Parse::complete) == slow.has_value());
    if (slow) {
        require(whole.consumed == slow->consumed && oracle::same(head, *slow));
        require(head.path().size() + head.query().size() <= head.target.size() + 1);
        (void)head.headers.has_token("connection", "close");
    }

    const std::size_t step = 1 + data[0] % 64U;
    HeadResult piecewise;
    RequestHead again;
    resume_from = 0;
    for (std::size_t seen = 0; piecewise.state == Parse::incomplete && seen < bytes.size();) {
        seen = std::min(seen + step, bytes.size());
        piecewise = parse_request_head(std::string_view(bytes.data(), seen), limits, resume_from, again);
        require(resume_from <= seen);
    }
    if (whole.state == Parse::bad && piecewise.state == Parse::incomplete && !bytes.empty()) {
        // A fault in a header line of a head in pieces may be told at its end only.
        piecewise = parse_request_head(bytes + "\r\n\r\n", limits, resume_from, again);
    }
    require(piecewise.state == whole.state && piecewise.consumed == whole.consumed);
    require(piecewise.status == whole.status || piecewise.state != Parse::bad);
    if (slow) require(oracle::same(again, *slow));
    return 0;
}
