// An answer taken apart into the values that may vary and the text around them. Internal to answer_form.cpp.
// Thread rule: pure functions. Limits: kMostAnswerBytes, kMostFields; what goes beyond them has no parts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::tiers::student {

struct AnswerValue {
    std::string path;
    std::string text;  // as it is written, without white space around it
    // Where it is a list of texts and numbers: these, as written, and what stands around and between them.
    bool list = false;
    std::vector<std::string> elements;
    std::string open, separator, close;
};

struct AnswerParts {
    std::vector<AnswerValue> values;
    std::vector<std::string> frame;  // values.size() + 1
};

// Of a JSON object, perhaps with text around it (a fence).
std::optional<AnswerParts> parts_of_object(std::string_view answer);
// Of a JSON array of texts and numbers, or of a list with commas.
std::optional<AnswerParts> parts_of_list(std::string_view answer);
// The answer as one value.
AnswerParts parts_of_text(std::string_view answer);

// What makes labels the same: the number, or the text without what has no weight.
std::string label_key(std::string_view text);
std::optional<double> label_number(std::string_view key);  // if the key is one of a number

}  // namespace weir::tiers::student
