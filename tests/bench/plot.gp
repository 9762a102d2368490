# plot.gp - the picture of docs/performance.md: gnuplot -e 'data="FILE"; image="FILE.svg"; count=N' plot.gp
set terminal svg size 960,640 font "sans,12" background rgb "white"
set output image
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set grid ytics lc rgb "#dddddd"
set yrange [0:*]
set key autotitle columnhead
array color[4] = ["#1b6ca8", "#d95f02", "#e6ab02", "#7570b3"]
set multiplot layout 2,2
unset key
set title "Messages per second, warm (more is better)"
plot for [i=2:count+1] data index 0 using i:xtic(1) lc rgb color[(i-2)%4+1]
set key top left Left reverse font ",10" samplen 1
set title "CPU per message, ms, warm (less is better)"
plot for [i=2:count+1] data index 1 using i:xtic(1) lc rgb color[(i-2)%4+1]
unset key
set title "Whole message, median ms, DNS answers after 100 ms, cold"
plot for [i=2:count+1] data index 2 using i:xtic(1) lc rgb color[(i-2)%4+1]
set title "Peak memory, MiB, warm"
plot for [i=2:count+1] data index 3 using i:xtic(1) lc rgb color[(i-2)%4+1]
unset multiplot
