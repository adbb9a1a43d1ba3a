#include "wire/strict_object.h"

#include <algorithm>
#include <utility>

namespace weir::wire {

std::string Path::text() const {
    std::string out = parent != nullptr ? parent->text() : std::string();
    if (!out.empty()) out += '.';
    if (name.empty()) {
        if (parent != nullptr) out += std::to_string(index);
    } else {
        out += name;
    }
    return out;
}

tl::unexpected<Error> StrictReader::refuse(const Path& path, std::string_view what) {
    error_param_ = path.text();
    std::string message = error_param_;
    if (!message.empty()) message += ": ";
    message += what;
    return fail(ErrorCode::invalid, std::move(message));
}

Result<void> StrictReader::leave_out(const Path& path, std::string_view why) {
    if (dropped_ == nullptr) return refuse(path, why);
    std::string name = path.text();
    std::replace_if(
        name.begin(), name.end(), [](char byte) { return byte <= ' ' || byte > '~' || byte == ','; }, '?');
    if (std::find(dropped_->begin(), dropped_->end(), name) != dropped_->end()) return {};
    if (dropped_->size() == kMaxDropped) return refuse(path, why);
    dropped_->push_back(std::move(name));
    return {};
}

Result<void> StrictReader::string_at(json::Span value, const Path& path) {
    if (value.empty()) return refuse(path, "is required");
    if (!json::is_string(raw(value))) return refuse(path, "must be a string");
    return {};
}

json::Span StrictReader::type_of(json::Span object) const {
    return json::find_member(document_, object, "type").value_or(json::Span{});
}

json::Span StrictReader::type_of(json::Walk at) const {
    for (json::Walk member = json::Walk::inside(at); at.at_object() && member.next();) {
        if (member.key_is("type")) return member.value();
    }
    return {};
}

tl::unexpected<Error> StrictReader::refuse_type(json::Span object, const Path& path) {
    const json::Span type = type_of(object);
    const Path place = path.member("type");
    if (!json::is_string(raw(type))) return refuse(place, "is required, as a string");
    const std::string called = json::as_string(raw(type)).value_or("").substr(0, 64);
    return refuse(place, "'" + called + "' " + std::string(kNotExpressible));
}

Result<void> StrictReader::read(json::Span object, const Path& path, std::span<const MemberRule> rules,
                                std::span<json::Span> values) {
    if (!json::is_object(raw(object))) return refuse(path, "must be an object");
    return read_members(json::Walk(document_, object), path, rules, values);
}

Result<void> StrictReader::read(json::Walk& at, const Path& path, std::span<const MemberRule> rules,
                                std::span<json::Span> values) {
    if (!at.at_object()) return refuse(path, "must be an object");
    return read_members(json::Walk::inside(at), path, rules, values);
}

Result<void> StrictReader::read_members(json::Walk member, const Path& path, std::span<const MemberRule> rules,
                                        std::span<json::Span> values) {
    std::fill(values.begin(), values.end(), json::Span{});
    std::uint64_t seen = 0;
    while (member.next()) {
        Result<void> sorted = sort(member.raw_key(), member.value(), &path, rules, values, seen);
        if (!sorted) return sorted;
    }
    return {};
}

Result<void> StrictReader::read(std::span<const json::Member> members, std::span<const MemberRule> rules,
                                std::span<json::Span> values) {
    std::fill(values.begin(), values.end(), json::Span{});
    std::uint64_t seen = 0;
    for (const json::Member& member : members) {
        Result<void> sorted = sort(member.key_span.of(document_), member.value, nullptr, rules, values, seen);
        if (!sorted) return sorted;
    }
    return {};
}

Result<void> StrictReader::sort(std::string_view raw_key, json::Span value, const Path* path,
                                std::span<const MemberRule> rules, std::span<json::Span> values, std::uint64_t& seen) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (!json::string_equals(raw_key, rules[i].name)) continue;
        const Path place{path, rules[i].name, 0};
        if ((seen >> i & 1U) != 0) return refuse(place, "is given twice: which one counts is not defined");
        seen |= std::uint64_t{1} << i;
        if (json::is_null(raw(value))) return {};
        if (rules[i].use == MemberRule::Use::refuse) return leave_out(place, rules[i].why);
        values[i] = value;
        return {};
    }
    if (json::is_null(raw(value))) return {};
    const std::string name = json::as_string(raw_key).value_or("").substr(0, 64);
    return leave_out(Path{path, name, 0}, "is not supported here: it " + std::string(kNotExpressible));
}

}  // namespace weir::wire
