#include "eval/student_change.h"

#include "base/hash.h"

namespace weir::eval {
namespace {

constexpr std::uint64_t kNewLabelOf = 8;  // texts
constexpr std::string_view kNewLabel = "something new";

// Vowels for vowels, so that words look like words.
constexpr std::string_view kVowels = "aeiou", kConsonants = "bcdfghjklmnpqrstvwxyz";

char other_letter(char letter) {
    const bool upper = letter >= 'A' && letter <= 'Z';
    const char low = upper ? static_cast<char>(letter - 'A' + 'a') : letter;
    for (const std::string_view letters : {kVowels, kConsonants}) {
        const std::size_t at = letters.find(low);
        if (at == std::string_view::npos) continue;
        const char other = letters[(at + letters.size() / 2) % letters.size()];
        return upper ? static_cast<char>(other - 'a' + 'A') : other;
    }
    return letter;
}

}  // namespace

std::optional<Change> parse_change(std::string_view name) {
    if (name == "none") return Change::none;
    if (name == "rename") return Change::rename;
    if (name == "new-label") return Change::new_label;
    if (name == "language") return Change::language;
    return std::nullopt;
}

StudentRow changed(const StudentRow& row, Change change) {
    StudentRow made = row;
    if (change == Change::rename) {
        for (char& letter : made.answer) letter = other_letter(letter);
        made.gold.reset();
    } else if (change == Change::new_label && short_digest(sha256("new " + row.prompt)) % kNewLabelOf == 0) {
        made.answer = kNewLabel;
        made.gold.reset();
    } else if (change == Change::language) {
        for (char& letter : made.prompt) letter = other_letter(letter);
    }
    return made;
}

}  // namespace weir::eval
