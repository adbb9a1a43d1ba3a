// Students, as the admin address shows them.
#include "admin/admin_handler.h"
#include "admin/graded_json.h"
#include "admin/json_object.h"

namespace weir::admin {
namespace {

// Null where nothing was asked twice.
std::string repeats(const gateway::SelfAgreement& itself) {
    if (itself.all.asked == 0) return "null";
    std::string out;
    JsonObject object(out);
    object.whole("asked", itself.all.asked);
    object.whole("differ", itself.all.differ);
    object.share("share", itself.differ_share());
    object.share("share_low", itself.differ_low());
    object.share("share_high", itself.differ_high());
    object.whole("drawn", itself.drawn.asked);
    object.whole("drawn_differ", itself.drawn.differ);
    object.text("says", gateway::describe(itself));
    object.end();
    return out;
}

std::string gate(const gateway::StudentCourse& course) {
    if (course.name.empty()) return "null";
    std::string out;
    JsonObject object(out);
    object.text("course", course.name);
    object.text("task", course.gate);
    object.flag("in_plan", course.in_ladder);
    object.share("share", course.share);
    object.whole("trials", course.trials);
    object.share("promise", course.promise.disagreement);
    object.share("held_to", course.held_to);
    object.share("confidence", course.promise.confidence);
    object.flag("certified", course.certificate.harm_price_usd.has_value());
    object.share("worse_at_most", course.certificate.worse_bound);
    object.share("allowed_now", course.certificate.promise_now);
    object.end();
    return out;
}

}  // namespace

std::string render_students(const std::vector<gateway::StudentLife>& lives) {
    std::string out = R"({"students":[)";
    for (const gateway::StudentLife& life : lives) {
        if (out.back() != '[') out += ',';
        const gateway::Students::View& view = life.student;
        JsonObject object(out);
        object.text("student", file_name(view.key));
        object.text("tenant", view.key.tenant);
        object.text("cascade", view.key.cascade);
        object.text("reference", view.key.reference);
        object.text("task", to_hex(view.key.task));
        object.text("state", to_string(life.state));
        object.raw("state_since_unix_us",
                   life.since_unix_micros == 0 ? "null" : std::to_string(life.since_unix_micros));
        object.text("why", life.why);
        object.text_or_null("kind", view.kind);
        object.whole("examples", view.examples);
        object.whole("examples_kept", view.kept);
        object.whole("examples_wanted", view.wanted);
        object.whole("trained_unix_us", view.trained_unix_micros);
        object.whole("bytes", view.bytes);
        object.whole("features", view.features);
        object.flag("demoted_by_hand", view.marks.demoted_unix_micros > 0);
        object.flag("rolled_back", view.marks.rolled_back_unix_micros > 0);
        object.flag("can_roll_back", view.before);
        object.raw("gate", gate(life.course));
        object.raw("disagreement", graded_json(life.course.graded));
        object.raw("audits", graded_json(life.course.audited));
        object.raw("reference_repeats", repeats(view.itself));
        object.end();
    }
    return out + "]}";
}

}  // namespace weir::admin
