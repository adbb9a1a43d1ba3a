// The one member that every API's JSON requests have in common, the model's name; and what a stream's usage is asked
// with.
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::wire {

// What routing reads of a request of any API.
struct NamedModel {
    std::string model;  // empty: the request names none
    bool stream = false;
};
// Error invalid: no JSON object, malformed, two members `model` or `stream` (also escaped), a model that is no string
// of 1 to 256 printable ASCII characters, a stream that is neither boolean nor null.
Result<NamedModel> read_named_model(std::string_view body);

// Appends the body with another model's name; where it names none, as it is. `body` is well-formed.
void with_model(std::string_view body, std::string_view model, std::string& out);

// The same, and a stream's usage is asked for (stream_options.include_usage) where the caller has not done so itself.
// False: it was not added; also where stream_options is nothing that it could be added to.
bool with_usage_asked(std::string_view body, std::string_view model, std::string& out);

}  // namespace weir::wire
