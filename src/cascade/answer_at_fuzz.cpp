// Two answers of arbitrary bytes and where they are compared, "PATH\nFORM\nA\nB" (FORM: j, n or l): no crash, an answer
// agrees with itself where it has what is compared, the order of the two does not count, and what an answer lacks does
// not agree.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cascade/answer_at.h"

namespace {

using namespace weir;

void require(bool condition) {
    if (!condition) std::abort();
}

std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string copy(reinterpret_cast<const char*>(data), size);
    std::string_view text = copy;
    const Result<json::Path> path = json::Path::parse(take_line(text));
    const std::string_view form = take_line(text), a = take_line(text), b = text;
    if (!path) return 0;
    cascade::AnswerRules rules;
    rules.by = form == "n"   ? cascade::AgreementForm::number
               : form == "l" ? cascade::AgreementForm::text
                             : cascade::AgreementForm::json;
    rules.at = *path;
    rules.tolerance = 0.01;
    const bool has_a = cascade::has_answer_at(a, rules), has_b = cascade::has_answer_at(b, rules);
    const cascade::Agreed said = cascade::agreement_at(a, b, rules).result;
    require(said == cascade::agreement_at(b, a, rules).result);
    if (has_a) require(cascade::agreement_at(a, a, rules).result == cascade::Agreed::agree);
    if (!has_a || !has_b) require(said != cascade::Agreed::agree);
    const auto sure = cascade::confidence_at(a, *path);
    if (sure) require(*sure >= 0 && *sure <= 1);
    return 0;
}
