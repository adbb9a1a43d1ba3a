#include "admin/route.h"

#include <utility>

namespace weir::admin {
namespace {

// Whether the path fits; with what stands for each '*'.
bool fits(std::string_view pattern, std::string_view path, std::vector<std::string_view>& parts) {
    parts.clear();
    while (true) {
        const std::string_view wanted = pattern.substr(0, pattern.find('/', 1));
        const std::string_view given = path.substr(0, path.find('/', 1));
        if (wanted == "/*") {
            if (given.size() < 2) return false;
            parts.push_back(given.substr(1));
        } else if (wanted != given) {
            return false;
        }
        pattern.remove_prefix(wanted.size());
        path.remove_prefix(given.size());
        if (pattern.empty() || path.empty()) return pattern.empty() && path.empty();
    }
}

}  // namespace

void RouteTable::add(Route route) {
    routes_.push_back(std::move(route));
}

RouteTable::Match RouteTable::find(std::string_view method, std::string_view path) const {
    Match match;
    if (method == "HEAD") method = "GET";
    for (const Route& route : routes_) {
        if (!fits(route.pattern, path, match.parts)) continue;
        if (route.method == method) {
            match.route = &route;
            match.allow.clear();
            return match;
        }
        if (!match.allow.empty()) match.allow += ", ";
        match.allow += route.method == "GET" ? "GET, HEAD" : route.method;
    }
    match.parts.clear();
    return match;
}

std::string RouteTable::listed() const {
    std::string list;
    for (const Route& route : routes_) {
        if (!list.empty()) list += ", ";
        list += std::string(route.method) + " " + std::string(route.pattern);
    }
    return list;
}

}  // namespace weir::admin
