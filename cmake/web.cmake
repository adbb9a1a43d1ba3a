# The dashboard: web/ becomes a source of the room admin. Built anew only where web/ has changed.
file(GLOB_RECURSE web_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/*)
list(FILTER web_files EXCLUDE REGEX "/web/(node_modules|dist|test)/")
set(web_source ${CMAKE_BINARY_DIR}/web/dashboard_files.cpp)
add_custom_command(OUTPUT ${web_source}
  COMMAND ${CMAKE_SOURCE_DIR}/scripts/build_web.sh ${CMAKE_BINARY_DIR}/web
  DEPENDS ${web_files} ${CMAKE_SOURCE_DIR}/scripts/build_web.sh
  COMMENT "dashboard" VERBATIM)
target_sources(weir_admin PRIVATE ${web_source})
