// Two texts, cut at the first zero byte: reading must be safe, linear and repeatable; judging symmetric and safe.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tiers/semantic_cache/guards.h"

using namespace weir::tiers::semantic;

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t cut = text.find('\0');
    const std::string_view first = text.substr(0, cut);
    const std::string_view second = cut == std::string_view::npos ? std::string_view() : text.substr(cut + 1);
    const Question a = read_question(first);
    const Question b = read_question(second);
    for (const Term& term : a.terms) require(term.word < a.words.size());
    require(a.canonical_id == read_question(first).canonical_id);
    const GuardReport one = check_guards(a, b);
    const GuardReport two = check_guards(b, a);
    require(one.explained == two.explained);
    require(!(one.explained && one.refused()));
    require(check_guards(a, a).explained);
    require(one.detail().size() < one.detail_text.size());
    return 0;
}
