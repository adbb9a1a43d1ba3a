// The validating scan of a chat body beside simdjson's two ways to get the same assurance.
#include <simdjson.h>

#include <cstdio>

#include "json/bench.h"
#include "json/scan.h"

namespace {

// On-Demand checks only what is visited, so every value has to be. Built for plain x86-64 it uses its fallback kernel.
bool visit(simdjson::ondemand::value value) {
    switch (value.type()) {
        case simdjson::ondemand::json_type::object: {
            for (auto field : value.get_object()) {
                std::string_view key;
                if (field.unescaped_key().get(key) || !visit(field.value())) return false;
            }
            return true;
        }
        case simdjson::ondemand::json_type::array:
            for (auto element : value.get_array()) {
                if (!visit(element.value())) return false;
            }
            return true;
        case simdjson::ondemand::json_type::string: {
            std::string_view text;
            return value.get_string().get(text) == simdjson::SUCCESS;
        }
        case simdjson::ondemand::json_type::number: {
            double number = 0;
            return value.get_double().get(number) == simdjson::SUCCESS;
        }
        case simdjson::ondemand::json_type::boolean: {
            bool boolean = false;
            return value.get_bool().get(boolean) == simdjson::SUCCESS;
        }
        default:
            return value.is_null();
    }
}

bool visit_all(simdjson::ondemand::parser& parser, std::string_view text) {
    auto document = parser.iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
    for (auto field : document.get_object()) {
        std::string_view key;
        if (field.unescaped_key().get(key) || !visit(field.value())) return false;
    }
    return true;
}

}  // namespace

int main() {
    using namespace weir::json;
    std::printf("%-24s %12s %12s %12s\n", "nanoseconds each", "members()", "DOM", "On-Demand");
    for (const bool non_ascii : {false, true}) {
        for (const std::size_t bytes : {1024U, 4096U, 16384U, 262144U}) {
            const simdjson::padded_string padded(sample_chat_body(bytes, non_ascii));  // for the others
            const std::string_view text(padded.data(), padded.size());
            std::vector<Member> out;
            simdjson::dom::parser dom;
            simdjson::ondemand::parser on_demand;
            if (!members(text, out) || dom.parse(text.data(), text.size(), false).error() ||
                !visit_all(on_demand, text)) {
                std::puts("the sample is refused");
                return 1;
            }
            const double own = nanoseconds_each([&] { keep(members(text, out)); });
            const double tree = nanoseconds_each([&] { keep(dom.parse(text.data(), text.size(), false).error()); });
            const double lazy = nanoseconds_each([&] { keep(visit_all(on_demand, text)); });
            std::printf("%8zu bytes %-9s %12.0f %12.0f %12.0f\n", text.size(), non_ascii ? "non-ASCII" : "ASCII", own,
                        tree, lazy);
        }
    }
}
