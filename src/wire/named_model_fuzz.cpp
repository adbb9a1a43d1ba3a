// The model's name in a request of any API, of arbitrary bytes: what is read is printable and short; with another name
// in its place the request is well-formed, names that one, and is otherwise as it was.
#include "wire/named_model.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using namespace weir;
using namespace weir::wire;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(std::string_view body) {
    const Result<NamedModel> named = read_named_model(body);
    if (!named) {
        require(named.error().code == ErrorCode::invalid || named.error().code == ErrorCode::too_large);
        return;
    }
    require(named->model.size() <= 256);
    require(std::all_of(named->model.begin(), named->model.end(), [](char c) { return c > ' ' && c <= '~'; }));
    constexpr std::string_view kOther = "other/\"model\"";
    std::string renamed;
    with_model(body, kOther, renamed);
    const Result<NamedModel> other = read_named_model(renamed);
    require(other && other->stream == named->stream);
    require(other->model == (named->model.empty() ? "" : kOther));
    if (named->model.empty()) require(renamed == body);
    std::string back, again;
    with_model(renamed, named->model, back);
    with_model(body, named->model, again);
    require(named->model.empty() || back == again);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::vector<char> exact(data, data + size);
    check(exact.empty() ? std::string_view("") : std::string_view(exact.data(), exact.size()));
    return 0;
}
