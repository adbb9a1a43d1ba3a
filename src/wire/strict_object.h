// Reads the objects of another API's request, member by known member: what nobody reads is refused by name, so that
// nothing is lost on the way into chat.
// Thread rule: pure functions; a StrictReader belongs to one request, one thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/scan.h"

namespace weir::wire {

// What is told of members and types that are known but have no place in chat.
constexpr std::string_view kNotExpressible = "can't be expressed for the model that is asked";

// Where a value stands ("messages.0.content.1"), made text only where it is told. Lives on the stack.
struct Path {
    const Path* parent = nullptr;
    std::string_view name;  // empty: `index` counts
    std::size_t index = 0;

    Path member(std::string_view called) const { return {this, called, 0}; }
    Path element(std::size_t at) const { return {this, {}, at}; }
    std::string text() const;
};

struct MemberRule {
    enum class Use : std::uint8_t {
        take,
        drop,    // allowed, and consciously left out
        refuse,  // unless it is null; see leave_out()
    };
    std::string_view name;
    Use use = Use::take;
    std::string_view why = {};  // of refuse: what is told
};

class StrictReader {
  public:
    static constexpr std::size_t kMaxDropped = 32;  // names

    // `dropped`: where what has no place is left out and its name noted, up to kMaxDropped of them; null: it is
    // refused.
    StrictReader(std::string_view document, std::string& error_param, std::vector<std::string>* dropped = nullptr)
        : document_(document), error_param_(error_param), dropped_(dropped) {}

    // The values of `rules`' members, at the rules' places in `values`; absent and null ones are empty. Refused: no
    // object, a member that is in no rule and not null, one of a rule that is given twice.
    Result<void> read(json::Span object, const Path& path, std::span<const MemberRule> rules,
                      std::span<json::Span> values);
    // The same of the value that `at` stands at, which is gone over once.
    Result<void> read(json::Walk& at, const Path& path, std::span<const MemberRule> rules,
                      std::span<json::Span> values);
    // The same of the whole document, whose members json::members() gave.
    Result<void> read(std::span<const json::Member> members, std::span<const MemberRule> rules,
                      std::span<json::Span> values);

    std::string_view raw(json::Span value) const { return value.of(document_); }
    // That a value is there and is a string.
    Result<void> string_at(json::Span value, const Path& path);
    // The member `type` of an object; empty where there is none. Of a walk: of what it stands at, on its copy.
    json::Span type_of(json::Span object) const;
    json::Span type_of(json::Walk at) const;
    // Of an object at `path` whose type nobody knows.
    tl::unexpected<Error> refuse_type(json::Span object, const Path& path);
    // "messages.0.role: must be user or assistant"
    tl::unexpected<Error> refuse(const Path& path, std::string_view what);
    // Of what is known or not, but has no place: refuses it, or notes that it is left out. Noted names are printable
    // ASCII.
    Result<void> leave_out(const Path& path, std::string_view why);
    bool drops() const { return dropped_ != nullptr; }
    std::string_view document() const { return document_; }

  private:
    Result<void> read_members(json::Walk member, const Path& path, std::span<const MemberRule> rules,
                              std::span<json::Span> values);
    Result<void> sort(std::string_view raw_key, json::Span value, const Path* path, std::span<const MemberRule> rules,
                      std::span<json::Span> values, std::uint64_t& seen);

    std::string_view document_;
    std::string& error_param_;
    std::vector<std::string>* dropped_;
};

}  // namespace weir::wire
