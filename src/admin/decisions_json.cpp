// Decisions about model tiers, as the admin address shows them.
#include <algorithm>
#include <cstdio>

#include "admin/admin_handler.h"
#include "admin/query_text.h"
#include "base/hash.h"
#include "json/scan.h"

namespace weir::admin {
namespace {

std::string real(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
}

Result<void> read_parameter(std::string_view name, std::string_view value, cascade::DecisionLog::Query& to) {
    if (name == "course") {
        to.course = value;
        return {};
    }
    if (name == "task") {
        to.task = parse_hex(value);
        if (!to.task) return fail(ErrorCode::invalid, "task has 16 hexadecimal digits");
        return {};
    }
    if (name != "most") return fail(ErrorCode::invalid, "the query has course, task and most");
    constexpr std::size_t kMost = cascade::DecisionLog::kKept;
    if (!read_number(value, to.most) || to.most < 1 || to.most > kMost) {
        return fail(ErrorCode::invalid, "most is a number from 1 to " + std::to_string(kMost));
    }
    return {};
}

}  // namespace

std::string render_decisions(const std::vector<cascade::Decision>& decisions) {
    std::string out = R"({"decisions":[)";
    for (const cascade::Decision& decision : decisions) {
        if (out.back() != '[') out += ',';
        out += R"({"unix_us":)" + std::to_string(decision.unix_micros) + R"(,"decision":")" +
               std::string(to_string(decision.kind)) + R"(","course":)";
        json::write_string(decision.course, out);
        if (decision.task != 0) {
            out += R"(,"task":")" + to_hex(decision.task) + R"(","state":)";
            json::write_string(decision.state, out);
            out += R"(,"ladder":)";
            json::write_string(decision.ladder, out);
            out += R"(,"share":)" + real(decision.share);
        }
        out += R"(,"promise":)" + real(decision.promise) + R"(,"confidence":)" + real(decision.confidence) +
               R"(,"trials":)" + std::to_string(decision.trials) + R"(,"known":)" + std::to_string(decision.known) +
               R"(,"allowed_now":)" + real(decision.allowed) + R"(,"worse_seen":)" + real(decision.worse_seen) +
               R"(,"worse_at_most":)" + real(decision.worse_bound) + R"(,"worse_so_far_at_most":)" +
               real(decision.worse_so_far) + "}";
    }
    return out + "]}";
}

Result<cascade::DecisionLog::Query> parse_decision_query(std::string_view query) {
    cascade::DecisionLog::Query wanted;
    const auto parameters = query_parameters(query);
    if (!parameters) return tl::unexpected(parameters.error());
    for (const auto& [name, value] : *parameters) {
        if (const auto read = read_parameter(name, value, wanted); !read) return tl::unexpected(read.error());
    }
    return wanted;
}

}  // namespace weir::admin
