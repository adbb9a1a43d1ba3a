# What an installation has, and the Debian package of it: cpack -G DEB in the build folder, or `make package`.
include(GNUInstallDirs)

set(WEIR_PACKAGED ${CMAKE_BINARY_DIR}/packaged)
add_custom_command(
  OUTPUT ${WEIR_PACKAGED}/weir.1.gz ${WEIR_PACKAGED}/weir.bash ${WEIR_PACKAGED}/_weir ${WEIR_PACKAGED}/weir.fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${WEIR_PACKAGED}
  COMMAND $<TARGET_FILE:weir> man > ${WEIR_PACKAGED}/weir.1
  COMMAND gzip -9nf ${WEIR_PACKAGED}/weir.1
  COMMAND $<TARGET_FILE:weir> completion bash > ${WEIR_PACKAGED}/weir.bash
  COMMAND $<TARGET_FILE:weir> completion zsh > ${WEIR_PACKAGED}/_weir
  COMMAND $<TARGET_FILE:weir> completion fish > ${WEIR_PACKAGED}/weir.fish
  DEPENDS weir
  COMMENT "The manual page and completions")
add_custom_target(packaged ALL DEPENDS ${WEIR_PACKAGED}/weir.1.gz)

install(TARGETS weir RUNTIME DESTINATION bin)
install(FILES ${WEIR_PACKAGED}/weir.1.gz DESTINATION share/man/man1)
install(FILES ${WEIR_PACKAGED}/weir.bash DESTINATION share/bash-completion/completions RENAME weir)
install(FILES ${WEIR_PACKAGED}/_weir DESTINATION share/zsh/vendor-completions)
install(FILES ${WEIR_PACKAGED}/weir.fish DESTINATION share/fish/vendor_completions.d)
install(FILES README.md CHANGELOG.md config/example.yaml DESTINATION share/doc/weir)
install(FILES LICENSE DESTINATION share/doc/weir RENAME copyright)
install(FILES config/package/weir.service DESTINATION /lib/systemd/system)
install(FILES config/package/weir.yaml DESTINATION /etc/weir)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_CONTACT "The Weir founders <weir@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "inference gateway: each answer by the cheapest means that does as well")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_SOURCE_DIR}/config/package/conffiles;${CMAKE_SOURCE_DIR}/config/package/postinst;${CMAKE_SOURCE_DIR}/config/package/prerm;${CMAKE_SOURCE_DIR}/config/package/postrm")
include(CPack)
