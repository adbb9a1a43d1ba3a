// Bodies, streams and errors of a provider that speaks Responses, of arbitrary bytes, on their way into chat.
#include "wire/form_fuzz_testing.h"
#include "wire/responses_form.h"

// The first byte says what the rest is, and how a stream is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::wire;
    if (size == 0) return 0;
    const std::vector<char> exact(data + 1, data + size);
    const std::string_view input = exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size());
    const FormFuzz fuzz(responses_form());
    switch (data[0] % 4) {
        case 0: {
            const ApiError error = responses_form().error_of(429, input);
            FormFuzz::require(error.status == 429 && FormFuzz::require_object(render_error(error)));
            break;
        }
        case 1:
            fuzz.body(input);
            break;
        default:
            fuzz.stream(input, 1 + data[0] / 4);
    }
    return 0;
}
