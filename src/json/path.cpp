#include "json/path.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "json/scan.h"

namespace weir::json {
namespace {

std::optional<std::string> unescaped(std::string_view step) {
    std::string out;
    for (std::size_t i = 0; i < step.size(); ++i) {
        if (step[i] != '~') {
            out += step[i];
        } else if (i + 1 < step.size() && (step[i + 1] == '0' || step[i + 1] == '1')) {
            out += step[++i] == '0' ? '~' : '/';
        } else {
            return std::nullopt;
        }
    }
    return out;
}

std::optional<std::size_t> index_of(std::string_view step) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error != std::errc() || end != step.data() + step.size() || (step.size() > 1 && step[0] == '0')) {
        return std::nullopt;
    }
    return index;
}

// One step further from `at`. False: two members of the name.
bool step_from(std::string_view document, Span at, const std::string& step, std::vector<Span>& out) {
    if (is_object(at.of(document))) {
        std::vector<Member> members;
        members_within(document, at, members);
        bool seen = false;
        for (const Member& member : members) {
            if (member.key != step) continue;
            if (seen) return false;
            seen = true;
            out.push_back(member.value);
        }
        return true;
    }
    if (!is_array(at.of(document))) return true;
    const std::optional<std::size_t> wanted = index_of(step);
    if (step != "*" && !wanted) return true;
    std::size_t index = 0;
    for (Walk element(document, at); element.next(); ++index) {
        if (wanted && index != *wanted) continue;
        out.push_back(element.value());
        if (wanted) break;
    }
    return true;
}

}  // namespace

Result<Path> Path::parse(std::string_view text) {
    Path path;
    path.text_ = text;
    if (text.empty()) return path;
    if (text.size() > kMaxPathBytes) return fail(ErrorCode::invalid, "is longer than 256 bytes");
    if (text[0] != '/') return fail(ErrorCode::invalid, "does not begin with '/'");
    while (!text.empty()) {
        text.remove_prefix(1);
        const std::size_t end = std::min(text.find('/'), text.size());
        std::optional<std::string> step = unescaped(text.substr(0, end));
        if (!step) return fail(ErrorCode::invalid, "has a '~' that is neither ~0 nor ~1");
        path.steps_.push_back(std::move(*step));
        text.remove_prefix(end);
    }
    if (path.steps_.size() > kMaxPathSteps) return fail(ErrorCode::invalid, "has more than 16 steps");
    return path;
}

bool Path::find(std::string_view document, std::vector<Span>& out, Shape* shape) const {
    out.clear();
    std::size_t begin = 0, end = document.size();
    const auto blank = [&](std::size_t at) {
        return document[at] == ' ' || document[at] == '\t' || document[at] == '\n' || document[at] == '\r';
    };
    while (begin < end && blank(begin)) ++begin;
    while (end > begin && blank(end - 1)) --end;
    out.push_back({begin, end});
    std::vector<Span> next;
    for (const std::string& step : steps_) {
        next.clear();
        for (const Span at : out) {
            const std::size_t before = next.size();
            if (!step_from(document, at, step, next) || next.size() > kMaxPathFound) return false;
            if (shape == nullptr) continue;
            if (step == "*" && is_array(at.of(document))) {
                shape->counts += std::to_string(next.size() - before) + ',';
            } else {
                shape->holes = shape->holes || next.size() == before;
            }
        }
        out.swap(next);
    }
    return true;
}

}  // namespace weir::json
