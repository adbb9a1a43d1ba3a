#include "wire/answer_form.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "json/scan.h"

namespace weir::wire {
namespace {

using json::Span;
using json::Walk;

bool is_integer(std::string_view raw) {
    // One too large for 64 bits is an integer by its spelling.
    return json::as_int64(raw) || raw.find_first_of(".eE") == std::string_view::npos;
}

bool has_type(std::string_view raw, std::string_view name) {
    if (name == "object") return json::is_object(raw);
    if (name == "array") return json::is_array(raw);
    if (name == "string") return json::is_string(raw);
    if (name == "null") return json::is_null(raw);
    if (name == "boolean") return json::as_bool(raw).has_value();
    const bool number = !raw.empty() && (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'));
    if (name == "number") return number;
    if (name == "integer") return number && is_integer(raw);
    return true;  // no type that is known here
}

bool same_value(std::string_view a, std::string_view b) {
    if (json::is_string(a) && json::is_string(b)) return json::as_string(a) == json::as_string(b);
    const std::optional<double> number = json::as_double(a);
    if (number) return number == json::as_double(b);
    std::string first;
    std::string second;
    json::minify(a, first);
    json::minify(b, second);
    return first == second;
}

class Checker {
  public:
    Checker(std::string_view schema, Span root, std::string_view answer)
        : schema_(schema), root_(root), answer_(answer) {}

    bool holds(Span schema, Span value, std::size_t depth) {
        if (!spend(schema.size()) || depth > kMostNesting) return true;
        if (schema.of(schema_) == "false") return false;
        if (!json::is_object(schema.of(schema_))) return true;
        for (Walk keyword(schema_, schema); keyword.next();) {
            if (!keeps(keyword, schema, value, depth)) return false;
        }
        return true;
    }

  private:
    static constexpr std::size_t kStepBytes = 64;  // what anything costs

    // False: the work is over its limit, and what was not looked at holds.
    bool spend(std::size_t bytes) {
        work_ += kStepBytes + bytes;
        return work_ <= kMostFormWork;
    }

    // One of a schema's keywords.
    bool keeps(Walk& keyword, Span schema, Span value, std::size_t depth) {
        const std::string_view raw = value.of(answer_);
        if (keyword.key_is("type")) return keeps_type(keyword.value(), raw);
        if (keyword.key_is("enum")) return keeps_enum(keyword.value(), raw);
        if (keyword.key_is("const")) return same_value(keyword.raw(), raw);
        if (keyword.key_is("$ref")) {
            const std::optional<Span> target = target_of(keyword.raw());
            return !target || holds(*target, value, depth + 1);
        }
        if (keyword.key_is("allOf")) return count(keyword.value(), value, depth).failed == 0;
        if (keyword.key_is("anyOf") || keyword.key_is("oneOf")) {
            const Count branches = count(keyword.value(), value, depth);
            return branches.held > 0 || branches.failed == 0;
        }
        if (json::is_object(raw)) {
            if (keyword.key_is("required")) return keeps_required(keyword.value(), value);
            if (keyword.key_is("properties")) return keeps_properties(keyword.value(), value, depth);
            if (keyword.key_is("additionalProperties")) return keeps_others(keyword.value(), schema, value, depth);
        } else if (json::is_array(raw) && keyword.key_is("items")) {
            for (Walk element(answer_, value); element.next();) {
                if (!holds(keyword.value(), element.value(), depth + 1)) return false;
            }
        }
        return true;
    }

    bool keeps_type(Span type, std::string_view raw) const {
        if (!json::is_array(type.of(schema_))) {
            const std::optional<std::string> name = json::as_string(type.of(schema_));
            return !name || has_type(raw, *name);
        }
        for (Walk each(schema_, type); each.next();) {
            const std::optional<std::string> name = json::as_string(each.raw());
            if (!name || has_type(raw, *name)) return true;
        }
        return false;
    }

    bool keeps_enum(Span values, std::string_view raw) {
        for (Walk each(schema_, values); each.next();) {
            if (!spend(each.raw().size() + raw.size()) || same_value(each.raw(), raw)) return true;
        }
        return !json::is_array(values.of(schema_));
    }

    bool keeps_required(Span names, Span object) {
        for (Walk each(schema_, names); each.next();) {
            if (!spend(object.size())) return true;
            const std::optional<std::string> name = json::as_string(each.raw());
            if (name && !json::find_member(answer_, object, *name)) return false;
        }
        return true;
    }

    bool keeps_properties(Span properties, Span object, std::size_t depth) {
        for (Walk each(schema_, properties); each.next();) {
            if (!spend(object.size())) return true;
            const std::optional<std::string> name = json::as_string(each.raw_key());
            const std::optional<Span> member = name ? json::find_member(answer_, object, *name) : std::nullopt;
            if (member && !holds(each.value(), *member, depth + 1)) return false;
        }
        return true;
    }

    // Members that `properties` does not name. patternProperties name others: then nothing is said of them.
    bool keeps_others(Span others, Span schema, Span object, std::size_t depth) {
        if (json::find_member(schema_, schema, "patternProperties")) return true;
        const std::optional<Span> named = json::find_member(schema_, schema, "properties");
        for (Walk member(answer_, object); member.next();) {
            if (!spend(named ? named->size() : kStepBytes)) return true;
            const std::optional<std::string> name = json::as_string(member.raw_key());
            if (!name || (named && json::find_member(schema_, *named, *name))) continue;
            if (!holds(others, member.value(), depth + 1)) return false;
        }
        return true;
    }

    struct Count {
        std::size_t held = 0, failed = 0;
    };
    Count count(Span branches, Span value, std::size_t depth) {
        Count count;
        for (Walk branch(schema_, branches); branch.next();) {
            ++(holds(branch.value(), value, depth + 1) ? count.held : count.failed);
        }
        return count;
    }

    // "#", "#/$defs/name": a path of members within the schema. Nothing where it leads elsewhere.
    std::optional<Span> target_of(std::string_view raw) {
        const std::string path = json::as_string(raw).value_or("");
        if (path == "#") return root_;
        if (!path.starts_with("#/")) return std::nullopt;
        std::optional<Span> target = root_;
        for (std::size_t at = 2; target && at <= path.size();) {
            if (!spend(target->size())) return std::nullopt;
            const std::size_t end = std::min(path.find('/', at), path.size());
            target = json::find_member(schema_, *target, path.substr(at, end - at));
            at = end + 1;
        }
        return target;
    }

    std::string_view schema_;
    Span root_;
    std::string_view answer_;
    std::size_t work_ = 0;
};

}  // namespace

bool has_demanded_form(std::string_view response_format, std::string_view answer) {
    if (!json::is_object(response_format)) return true;
    const Span whole{0, response_format.size()};
    const std::optional<Span> type = json::find_member(response_format, whole, "type");
    if (!type) return true;
    const bool by_schema = json::string_equals(type->of(response_format), "json_schema");
    if (!by_schema && !json::string_equals(type->of(response_format), "json_object")) return true;

    if (response_format.size() > kMostFormBytes || answer.size() > kMostFormBytes) return true;
    // An answer may be any JSON value; members() takes objects.
    const std::string document = "{\"v\":" + std::string(answer) + "}";
    thread_local std::vector<json::Member> members;
    if (!json::members(document, members) || members.size() != 1) return false;
    const Span value = members.front().value;
    if (!by_schema && !json::is_object(value.of(document))) return false;

    std::optional<Span> holder = whole;
    if (by_schema) holder = json::find_member(response_format, whole, "json_schema");
    const auto schema = holder ? json::find_member(response_format, *holder, "schema") : std::nullopt;
    return !schema || Checker(response_format, *schema, document).holds(*schema, value, 0);
}

}  // namespace weir::wire
