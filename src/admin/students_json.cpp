// Students, as the admin address shows them.
#include "admin/admin_handler.h"
#include "json/scan.h"

namespace weir::admin {

std::string render_students(const std::vector<gateway::Students::View>& views) {
    std::string out = R"({"students":[)";
    const auto text = [&out](std::string_view name, std::string_view value) {
        out += out.back() == '{' ? "\"" : ",\"";
        out += name;
        out += "\":";
        json::write_string(value, out);
    };
    for (const gateway::Students::View& view : views) {
        if (out.back() != '[') out += ',';
        out += '{';
        text("student", file_name(view.key));
        text("tenant", view.key.tenant);
        text("cascade", view.key.cascade);
        text("reference", view.key.reference);
        text("task", to_hex(view.key.task));
        out += R"(,"examples":)" + std::to_string(view.examples) + R"(,"trained_unix_us":)" +
               std::to_string(view.trained_unix_micros) + R"(,"bytes":)" + std::to_string(view.bytes);
        text("why", view.why);
        out += '}';
    }
    return out + "]}";
}

}  // namespace weir::admin
