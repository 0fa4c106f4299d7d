"""Given names that are frequent in Eastern Europe, Asia and Africa, and rarely another word."""

# ruff: noqa: RUF001 - the dotless i is a letter of these names

from typing import Final

EAST: Final = """
    Adéla Agata Agnieszka Albena Aleksander Aleksandar Aleksandr Aleksandra Aleksei Alena Alexandru Alina
    Alojz Ana Anatol Anatoly Anca Andrei Andrej Andrzej Andriy Aneta Aniela Anikó Anton Antoni Antonín
    Arkadiusz Artem Artur Attila Balázs Barbora Bartosz Bartłomiej Beata Béla Bogdan Bogumił Bogusław Bohdan
    Bohumil Bojan Bolesław Boris Borislav Božena Bożena Branko Bronisława Cezary Cristian Czesław Czesława
    Damir Danuta Dariusz David Dejan Denys Dimitar Dimitra Dimitri Dimitrios Dimitris Dmitri Dmitry Dorota
    Dragan Dragica Drago Dušan Edyta Ekaterina Eleni Elżbieta Emil Endre Erzsébet Eugeniusz Eva Evgeny Ewa
    Ferenc Florin Franciszek František Gábor Galina Gennady Georgi Georgios Gheorghe Giorgos Gordana Grażyna
    Grigory Grzegorz György Halina Hana Helena Henryk Hristo Ignacy Igor Ilona Imre Ioan Ioana Ioannis Ion
    Ireneusz Irina István Ivan Ivana Ivanka Iveta Iwona Izabela Jacek Jadwiga Jan Jana Janina János Janusz
    Jarosław Jaroslav Jerzy Jiří Jiřina Joanna Jolanta Josip József Jovan Jovana Julia Justyna Kamil Kamila
    Karel Karol Karolina Katarzyna Kateřina Katalin Kazimierz Kinga Kirill Klára Konstantin Konstantinos
    Kostas Krystian Krystyna Krzysztof Ladislav Lajos László Lech Lenka Leszek Leonid Libor Lidia Liliana
    Lucjan Lucyna Ludmila Ludmiła Łukasz Lukasz Lyubov Maciej Magdalena Maksim Maksym Malgorzata Małgorzata
    Marcin Marek Margarita Marian Mariana Marianna Mariola Marija Marko Mariusz Márta Marta Martin Mária
    Mateusz Mátyás Michaela Michal Michał Mieczysław Mihai Mihail Mihály Mikhail Mikołaj Mila Milan Milena
    Milica Milica Miloš Miłosz Miodrag Mircea Mirela Miroslav Mirosław Miroslava Mladen Monika Nadezhda
    Natalia Nataliya Natasa Nebojša Nicoleta Nicolae Nikita Nikola Nikolai Nikolaos Nikolay Nikos Norbert
    Oksana Oleg Olena Oleksandr Olga Olha Oskar Ottó Panagiotis Patrycja Patryk Paulina Pavel Paweł Pavol
    Pawel Petar Péter Petr Petra Petros Piotr Plamen Przemysław Predrag Radek Radka Radmila Radomír Radosław
    Radu Rafał Raisa Réka Renata Robert Roksana Roman Romana Róża Ruslan Rozalia Ryszard Sándor Serafima
    Sergei Sergey Serhiy Sława Slavica Slavko Slobodan Snežana Sofia Sorin Spyros Stanislav Stanislava
    Stanisław Stanisława Stavros Stefan Stefania Stepan Stjepan Svetlana Światosław Sylwester Sylwia Szabolcs
    Szymon Tadeusz Taras Tatiana Tatyana Teodor Teresa Tereza Tetyana Tibor Tihomir Tomáš Tomasz Tünde Urszula
    Václav Vadim Valentina Valeriu Valeriy Vasil Vasile Vasilis Vasily Vendula Vera Věra Veronika Vesna Victor
    Viktor Viktória Viorel Vit Vitaly Vladimir Vladimír Vlasta Vojtěch Volodymyr Wacław Waldemar Wanda
    Weronika Wiesław Wiesława Wiktor Wiktoria Witold Władysław Władysława Włodzimierz Wojciech Yaroslav
    Yekaterina Yelena Yevgeny Yulia Yuri Yuriy Zbigniew Zbyněk Zdeněk Zdenka Zdzisław Željko Zenon Zofia
    Zoltán Zoran Zsófia Zsuzsanna Zuzana Zygmunt Zlatan Ákos Ágnes
"""
WEST_ASIA_AND_AFRICA: Final = """
    Abbas Abdallah Abdelaziz Abdelkader Abdelrahman Abdoul Abdul Abdulaziz Abdullah Abdulrahman Abebe Abena
    Abiodun Abimbola Abraham Adaeze Adama Adaora Adebayo Adel Adeola Adesola Adewale Adil Adnan Afia Ahmad
    Ahmed Ahmet Aicha Aïcha Aisha Aïssatou Akosua Akua Akwasi Alemayehu Ali Alioune Almaz Ama Amadou Amal Aman
    Amani Amara Amare Amina Aminata Amine Amir Amira Amr Anwar Arash Arif Arslan Aryeh Asha Ashraf Asma Assefa
    Avi Avraham Ayaan Ayan Ayesha Aylin Ayman Ayodele Ayşe Ayşegül Azadeh Aziz Aziza Babak Babatunde Bahar
    Bakary Bashir Bassam Behrouz Berat Berk Beyza Bilal Binta Boubacar Bülent Burak Burcu Büşra Can Cem Cemal
    Cemil Chiamaka Chidi Chidinma Chiedu Chijioke Chika Chima Chimamanda Chinedu Chinwe Chioma Chukwudi
    Chukwuemeka Cihan Damilola Dariush Deniz Derya Desta Dina Djamel Djamila Doaa Ebrahim Ebru Ece Efua Ehab
    Ekaterini Ekene Ekrem Elham Elif Eman Emeka Emine Emre Ender Engin Ercan Erdem Erdoğan Eren Ergün Erkan
    Erol Ersin Ertan Esin Esra Esi Eyal Eyüp Fadi Fadila Fahad Faisal Farah Fareed Farhad Farid Farida Fariba
    Farouk Fatih Fatima Fatimah Fatma Fatou Fatoumata Ferhat Feride Feyza Fikret Filiz Folake Folasade
    Funmilayo Furkan Gamal Ghada Gizem Gökhan Gül Gülay Gülcan Güler Gülşen Gülsüm Güneş Habib Habiba Hadi
    Hadiza Hafsa Hakan Hala Haleh Halil Halima Hamed Hamid Hamza Hana Hanaa Hanan Hani Haluk Haruna Hasan
    Hassan Hatice Haya Heba Hicham Hilal Hind Hisham Hossein Houda Hüseyin Hussain Hussein Huda Hülya Ibrahim
    Idris Idrissa Ifeanyi Ifeoma Ihab Ilhan Iman Imran İpek Iqbal Ishaq Ismail Issa Iyabo Jalal Jamal Jamila
    Jaafar Jawad Jihad Jomo Kadir Kader Kamal Kamel Kamran Karim Karima Kaveh Kelechi Kemal Kenan Khadija
    Khaled Khalid Khalil Kofi Kojo Koray Kubra Kübra Kwabena Kwadwo Kwaku Kwame Lamia Lamine Latifa Layla
    Leila Leyla Levent Lina Loubna Maha Mahdi Mahmood Mahmoud Mahmut Mai Majid Makena Malek Malik Mamadou
    Manal Mansour Mariam Mariama Marwa Marwan Maryam Masoud Mayada Medhat Mehdi Mehmet Melek Meltem Menahem
    Merve Meryem Mina Mohamad Mohamed Mohammad Mohammed Mona Mordechai Moshe Mostafa Mounir Mouhamed Mouhammed
    Moussa Mucahit Muhammad Muhammed Muhammet Muhsin Muna Munir Murat Musa Mustafa Nabil Nabila Nader Nadia
    Naeem Naima Najat Najib Najla Nasser Nasrin Navid Nawal Nazanin Nazım Nazlı Necati Negar Nermin Nesrin
    Neşe Ngozi Nilüfer Nizar Nkechi Nnamdi Noor Noura Nour Nuray Nurcan Nurhan Nuri Nurten Obinna Okan Olabisi
    Olamide Olumide Oluwaseun Oluwatobi Omar Omer Ömer Onur Onyeka Orhan Osama Osman Oumar Ousmane Özge Özgür
    Özlem Parisa Parvin Pınar Rabia Rachida Raed Rafiq Raja Ramadan Ramazan Rami Ramin Rana Rania Rashid
    Raslan Rasha Recep Reem Reza Rim Riyad Roya Ruhi Saad Saadia Sabri Sadia Saeed Safa Safiya Said Saïd Saida
    Sajid Salah Saleh Salem Salim Salma Salman Salwa Sami Samia Samer Samir Samira Samuel Sana Sara Sayed Seda
    Sedat Sefa Segun Selim Selin Selma Semra Serdar Serkan Serpil Sevda Sevgi Sevil Seyed Shaban Shahid
    Shahram Shai Sherif Shirin Shlomo Sibel Siham Sinan Simin Soheila Souad Sofiane Songül Süleyman Suleiman
    Sultan Sunday Taha Taiwo Tamer Tarek Tariq Tayfun Temitope Tendai Tesfaye Thandiwe Thabo Tobiloba Tolga
    Tuba Tufan Tuğba Tülay Turgut Uchenna Ufuk Uğur Ümit Usman Usha Vahid Volkan Wafa Wael Wale Walid Wanjiru
    Waseem Yaa Yahya Yakup Yakubu Yaël Yasemin Yaşar Yasin Yasmin Yasmine Yasser Yavuz Yaw Yetunde Yıldız
    Yiğit Yitzhak Yohannes Yosef Youssef Yousuf Yunus Yusuf Zainab Zahra Zakaria Zahid Zaynab Zehra Zeinab
    Zeliha Zeynep Zineb Ziad Zodwa Zohra Zübeyde
"""
SOUTH_AND_EAST_ASIA: Final = """
    Aarav Abhijit Abhishek Aditi Aditya Ajay Ajit Akash Akhil Akshay Alok Amit Amitabh Anand Ananya Anil Anish
    Anjali Anju Ankit Ankita Anuradha Anusha Anushka Aparna Archana Arjun Arnav Arun Aruna Arvind Asha Ashish
    Ashok Ashwin Babu Balaji Bhavana Bhavesh Chandra Charu Chetan Chitra Debashish Deepa Deepak Deepika
    Devendra Dhruv Dilip Dinesh Divya Durga Ganesh Gaurav Gayatri Geeta Girish Gita Gopal Govind Gurpreet
    Hardeep Hari Harish Harpreet Harsh Hemant Hema Indira Indu Isha Jagdish Jaspreet Jaya Jayant Jayashree
    Jitendra Jyoti Kalpana Kamala Kamlesh Kanchan Karan Karthik Kavita Kavya Kiran Kishore Komal Krishna
    Kulwinder Kusum Lakshmi Lalit Lalita Lata Latha Leela Madhav Madhavi Madhu Mahendra Mahesh Mala Malini
    Mamta Mandeep Manish Manisha Manju Manjula Manoj Manpreet Meena Meenakshi Meera Mohan Mohit Mukesh Murali
    Nagesh Nalini Namrata Nandini Narayan Naresh Narendra Naveen Neelam Neeraj Neeta Neha Nikhil Nilesh
    Nirmala Nisha Nitin Padma Pallavi Pankaj Parul Parvati Pooja Poonam Prabha Prabhakar Pradeep Pradip
    Prakash Pramod Pranav Prasad Prashant Prathap Praveen Preeti Prem Priti Priya Priyanka Puneet Purnima
    Radha Raghav Raghu Rahul Raj Raja Rajan Rajani Rajeev Rajendra Rajesh Rajiv Raju Rakesh Ramesh Ranjit
    Rashmi Ravi Ravindra Reena Rekha Renu Reshma Rina Rishi Ritu Rohan Rohit Roopa Sachin Sandeep Sandhya
    Sangeeta Sanjay Sanjeev Santosh Sarita Saroj Satish Saurabh Savita Seema Shankar Shanthi Sharad Sharmila
    Shashi Sheela Shilpa Shivani Shobha Shreya Shubham Shweta Shyam Siddharth Sita Sneha Sonal Srinivas
    Subhash Suchitra Sudha Sudhir Suman Sumit Sunil Sunita Suraj Surendra Suresh Surinder Sushil Sushma Swapna
    Swati Tejas Trupti Uday Uma Umesh Upendra Urvashi Usha Vandana Varun Vasant Vasudha Venkat Venkatesh Vidya
    Vijay Vijaya Vikas Vikram Vikrant Vimal Vinay Vineet Vinod Vipin Vishal Vivek Yash Yogesh Zubin Dilani
    Dilshan Kumari Lasantha Nadeesha Nimal Nuwan Priyantha Ruwan Sanduni Tharindu Upul Farzana Nasreen Shabnam
    Shakib Tanvir Rahima Aiko Akari Akemi Aki Akihiro Akiko Akio Akira Aoi Asuka Atsuko Atsushi Ayaka Ayako
    Ayumi Chiaki Chie Chihiro Daichi Daisuke Eiji Eiko Emi Etsuko Fumiko Fumio Hajime Hanako Haruka Haruki
    Haruko Haruto Hideaki Hideki Hideko Hideo Hina Hiroaki Hiroki Hiroko Hiromi Hiroshi Hiroyuki Hisako Hitomi
    Hitoshi Ichiro Isamu Jiro Junichi Junko Kaito Kana Kaori Kaoru Katsumi Kazuhiro Kazuko Kazuo Kazuya
    Keiichi Keiko Keisuke Kenichi Kenji Kenta Kiyoko Koichi Koji Kotaro Kumiko Kyoko Makoto Mamoru Manami
    Mariko Masaaki Masahiro Masako Masao Masaru Masashi Masato Mayu Mayumi Megumi Michiko Midori Mieko Miho
    Mika Minoru Misaki Mitsuko Mitsuo Miyuki Mizuki Momoko Nanami Naoki Naoko Naomi Naoto Natsuki Noboru
    Nobuko Nobuo Noriko Osamu Reiko Ren Rika Rin Riku Ryo Ryota Ryuichi Sachiko Saki Sakura Satoko Satoru
    Satoshi Sayaka Setsuko Shigeru Shinichi Shinji Shiori Shizuko Shota Shun Sota Susumu Tadashi Takahiro
    Takako Takao Takashi Takayuki Takeshi Takumi Tamotsu Taro Tatsuya Tetsuo Tetsuya Tomoko Tomomi Toru
    Toshiko Toshio Tsutomu Yasuhiro Yasuko Yasuo Yoichi Yoko Yoshiko Yoshio Yosuke Yui Yuichi Yuji Yuka Yukari
    Yuki Yukiko Yukio Yumi Yumiko Yusuke Yuta Yutaka Yuto Byung Dong-hyun Dong-wook Eun-ji Eun-jung Eun-young
    Geun Haeun Hye-jin Hye-won Hyejin Hyun Hyun-jung Hyun-woo Jae-hyun Ji-eun Ji-hoon Ji-hye Ji-won Ji-woo
    Ji-yeon Ji-young Jihoon Jimin Jin-woo Jiwoo Joon-ho Jun-ho Jung-hee Jung-ho Kyung-soo Mi-kyung Mi-sook
    Min-ho Min-ji Min-jun Min-jung Min-seo Min-su Minho Minjun Sang-hoon Sang-woo Seo-jun Seo-yeon Seung
    Seung-hyun Soo-jin Soo-yeon Soojin Su-bin Sun-hee Sung-ho Sung-min Tae-hyung Woo-jin Yeon-woo Yoo-jin
    Young-ho Young-hee Young-ja Young-soo Yu-jin Changming Guoqiang Haiyan Hongmei Jianguo Jianhua Jianjun
    Jing Jingyi Junjie Lihua Lijuan Liping Meiling Mingming Qiang Shuzhen Shufen Weiming Xiaohong Xiaojun
    Xiaoli Xiaoling Xiaoming Xiaoyan Xin Xinyi Xiuying Xiulan Yingying Yong Yuhan Yulan Yuting Zhihao Zhiqiang
    Zihan Zixuan Jiahao Haoran Yichen Anh Bao Bich Binh Chinh Cuong Dao Diep Dinh Duc Dung Duong Giang Hanh
    Hien Hieu Hoa Hoai Hung Huong Huy Khanh Khoa Lien Linh Loan Minh Ngan Ngoc Nguyet Nhung Phuc Phuong Quang
    Quoc Quynh Tam Thanh Thao Thi Thien Thinh Thuy Tien Trang Trinh Trung Tuan Tuyen Tuyet Vinh Xuan Agus Andi
    Ayu Bambang Budi Dewi Dian Eko Endang Fitri Hendra Indah Joko Kartika Nurul Putri Ratna Siti Slamet
    Sutrisno Tri Wahyu Wayan Yanti Analyn Arnel Cherry Danilo Edwin Jericho Jomar Junjun Lovely Maricel
    Marites Rodel Rowena Aung Khin Myint Somchai Somsak Malee Nattaya Siriporn Bounmy Sokha Channary Tenzin
    Sonam Dolma Karma
"""
