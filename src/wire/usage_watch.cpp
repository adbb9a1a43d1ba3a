#include "wire/usage_watch.h"

#include <optional>
#include <vector>

#include "json/scan.h"
#include "wire/usage_form.h"

namespace weir::wire {

void UsageWatch::body(std::string_view body) {
    thread_local std::vector<json::Member> members;
    if (!json::members(body, members)) return;
    for (const json::Member& member : members) {
        if (member.key == "usage") usage_ = read_usage(body, member.value).value_or(usage_);
    }
}

Result<void> UsageWatch::feed(std::string_view sse) {
    splitter_.feed(sse);
    http::SseSplitter::Event event;
    while (true) {
        switch (splitter_.next(event)) {
            case http::SseSplitter::State::need_more:
                return {};
            case http::SseSplitter::State::too_large:
                return fail(ErrorCode::too_large, "an event of the stream is too large");
            case http::SseSplitter::State::event:
                body(event.data);
        }
    }
}

}  // namespace weir::wire
