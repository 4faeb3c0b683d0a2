// The files of the page, as they are, in the program's read-only data; embedded_files.h names them.
// The paths are macros that CMakeLists.txt sets.
        .section .rodata, "a", @progbits

        .macro embed name, path
        .balign 16
        .globl rnnfarm_figures_\name\()_begin
        .globl rnnfarm_figures_\name\()_end
rnnfarm_figures_\name\()_begin:
        .incbin "\path"
rnnfarm_figures_\name\()_end:
        .byte 0
        .endm

        embed plotly, PLOTLY_PATH
        embed page_html, PAGE_HTML_PATH
        embed page_css, PAGE_CSS_PATH
        embed page_js, PAGE_JS_PATH
        embed drawing_js, DRAWING_JS_PATH

        .section .note.GNU-stack, "", @progbits
