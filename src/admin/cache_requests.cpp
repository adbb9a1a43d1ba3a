#include "admin/cache_requests.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "json/scan.h"

namespace weir::admin {
namespace {

using tiers::Mark;
using tiers::MarkKind;

// The members of a small object of texts. Errors name what is wrong.
Result<std::vector<std::pair<std::string, std::string>>> read_texts(std::string_view body) {
    constexpr std::size_t kMostMembers = 16;
    std::vector<json::Member> members;
    if (auto checked = json::members(body, members, kMostMembers); !checked) {
        return fail(ErrorCode::invalid, "the body is no JSON object: " + checked.error().message);
    }
    std::vector<std::pair<std::string, std::string>> texts;
    std::set<std::string_view> seen;
    for (const json::Member& member : members) {
        if (!seen.insert(member.key).second) return fail(ErrorCode::invalid, "'" + member.key + "' stands there twice");
        std::optional<std::string> text = json::as_string(member.raw(body));
        if (!text) return fail(ErrorCode::invalid, "'" + member.key + "' has to be a text");
        texts.emplace_back(member.key, std::move(*text));
    }
    return texts;
}

tl::unexpected<Error> unknown(const std::string& key, std::string_view known) {
    return fail(ErrorCode::invalid, "unknown member '" + key + "'; there are " + std::string(known));
}

}  // namespace

Result<Mark> parse_purge(std::string_view body) {
    constexpr std::string_view kKnown = "key, task, tenant, tag, source, writer, and beside them keep and only_tenant";
    constexpr std::array<MarkKind, 6> kKinds{MarkKind::key, MarkKind::task,   MarkKind::tenant,
                                             MarkKind::tag, MarkKind::source, MarkKind::writer};
    auto texts = read_texts(body);
    if (!texts) return tl::unexpected(texts.error());
    Mark mark;
    std::size_t kinds = 0;
    bool keeps = false;
    bool one_tenant = false;
    for (auto& [key, text] : *texts) {
        const std::string& name = key;
        const auto kind =
            std::find_if(kKinds.begin(), kKinds.end(), [&name](MarkKind one) { return tiers::to_string(one) == name; });
        if (kind != kKinds.end()) {
            mark.kind = *kind;
            mark.value = std::move(text);
            ++kinds;
            continue;
        }
        if (key != "keep" && key != "only_tenant") return unknown(key, kKnown);
        if (text.empty()) return fail(ErrorCode::invalid, "'" + key + "' is empty");
        keeps = keeps || key == "keep";
        one_tenant = one_tenant || key == "only_tenant";
        (key == "keep" ? mark.keep : mark.tenant) = std::move(text);
    }
    if (kinds != 1) {
        return fail(ErrorCode::invalid, "what to purge is exactly one of key, task, tenant, tag, source, writer");
    }
    if (keeps && mark.kind != MarkKind::source) return fail(ErrorCode::invalid, "'keep' goes with 'source' only");
    if (one_tenant && mark.kind == MarkKind::tenant) {
        return fail(ErrorCode::invalid, "'only_tenant' does not go with 'tenant'");
    }
    return mark;
}

Result<cascade::Feedback> parse_feedback(std::string_view body) {
    auto texts = read_texts(body);
    if (!texts) return tl::unexpected(texts.error());
    cascade::Feedback feedback;
    bool has_id = false;
    bool has_verdict = false;
    for (auto& [key, text] : *texts) {
        if (key == "request_id") {
            const std::optional<RequestId> id = parse_request_id(text);
            if (!id) return fail(ErrorCode::invalid, "'request_id' has 16 hexadecimal digits (x-weir-request-id)");
            feedback.request = *id;
            has_id = true;
        } else if (key == "verdict") {
            if (text != "good" && text != "bad") return fail(ErrorCode::invalid, "'verdict' is \"good\" or \"bad\"");
            feedback.good = text == "good";
            has_verdict = true;
        } else if (key == "correct") {
            feedback.correct = std::move(text);
        } else {
            return unknown(key, "request_id, verdict and correct");
        }
    }
    if (!has_id) return fail(ErrorCode::invalid, "'request_id' is missing");
    if (!has_verdict) return fail(ErrorCode::invalid, "'verdict' is missing");
    return feedback;
}

}  // namespace weir::admin
