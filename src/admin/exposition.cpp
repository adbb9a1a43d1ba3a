#include "admin/exposition.h"

#include <cstdio>

namespace weir::admin {

void Labels::add(std::string_view name, std::string_view value) {
    if (!inner_.empty()) inner_ += ',';
    inner_ += name;
    inner_ += "=\"";
    for (const char c : value) {
        if (c == '\n') {
            inner_ += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') inner_ += '\\';
        inner_ += c;
    }
    inner_ += '"';
}

void Exposition::family(std::string_view name, std::string_view type, std::string_view help) {
    text_ += "# HELP weir_" + std::string(name) + " " + std::string(help) + "\n";
    text_ += "# TYPE weir_" + std::string(name) + " " + std::string(type) + "\n";
}

void Exposition::sample(std::string_view name, const Labels& labels, const std::string& value) {
    text_ += "weir_" + std::string(name) + labels.text() + " " + value + "\n";
}

void Exposition::histogram(std::string_view name, const Labels& labels, const telemetry::HistogramSum& sum,
                           std::span<const std::int64_t> bounds, double unit) {
    const std::string bucket = std::string(name) + "_bucket";
    std::uint64_t up_to = 0;
    for (std::size_t i = 0; i <= bounds.size(); ++i) {
        if (i < sum.counts.size()) up_to += sum.counts[i];
        Labels with = labels;
        with.add("le", i < bounds.size() ? real(static_cast<double>(bounds[i]) * unit) : "+Inf");
        sample(bucket, with, up_to);
    }
    char whole[32];  // its growth is asked for, so all digits count
    std::snprintf(whole, sizeof whole, "%.15g", static_cast<double>(sum.sum) * unit);
    sample(std::string(name) + "_sum", labels, whole);
    sample(std::string(name) + "_count", labels, up_to);
}

std::string real(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
}

}  // namespace weir::admin
