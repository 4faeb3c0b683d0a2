# cmake --install: the programs, and what the command says of itself: its manual page and the scripts
# of the shells' completion. These are written by the program when it is installed.
include(GNUInstallDirs)

install(TARGETS rnnfarm rnnfarm-compute rnnfarm-coordinator rnnfarm-worker RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# Installs what `rnnfarm ARGN` prints as the file `name` in the folder `destination`.
function(rnnfarm_install_output destination name)
  set(folder ${PROJECT_BINARY_DIR}/installed)
  install(CODE "
    file(MAKE_DIRECTORY \"${folder}\")
    execute_process(COMMAND \"$<TARGET_FILE:rnnfarm>\" ${ARGN} OUTPUT_FILE \"${folder}/${name}\"
                    COMMAND_ERROR_IS_FATAL ANY)")
  install(FILES ${folder}/${name} DESTINATION ${destination})
endfunction()

rnnfarm_install_output(${CMAKE_INSTALL_MANDIR}/man1 rnnfarm.1 __man)
rnnfarm_install_output(${CMAKE_INSTALL_DATADIR}/bash-completion/completions rnnfarm completion bash)
rnnfarm_install_output(${CMAKE_INSTALL_DATADIR}/zsh/site-functions _rnnfarm completion zsh)
rnnfarm_install_output(${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d rnnfarm.fish completion fish)
