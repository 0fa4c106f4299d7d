"""Given names that are frequent in Eastern Europe, West Asia and Africa, and rarely another word."""

# ruff: noqa: RUF001 - the dotless i is a letter of these names

from typing import Final

EAST: Final = """
    Adéla Agata Agnieszka Albena Aleksander Aleksandar Aleksandr Aleksandra Aleksei Alena Alexandru Alina
    Alojz Ana Anatol Anatoly Anca Andrei Andrej Andrzej Andriy Aneta Aniela Anikó Anton Antoni Antonín
    Arkadiusz Artem Artur Attila Balázs Barbora Bartosz Bartłomiej Beata Béla Bogdan Bogumił Bogusław Bohdan
    Bohumil Bojan Bolesław Boris Borislav Božena Branko Bronisława Cezary Cristian Czesław Czesława Damir
    Danuta Dariusz David Dejan Denys Dimitar Dimitra Dimitri Dimitrios Dimitris Dmitri Dmitry Dorota Dragan
    Dragica Drago Dušan Edyta Ekaterina Eleni Elżbieta Emil Endre Erzsébet Eugeniusz Eva Evgeny Ewa Ferenc
    Florin Franciszek František Gábor Galina Gennady Georgi Georgios Gheorghe Giorgos Gordana Grażyna Grigory
    Grzegorz György Halina Hana Helena Henryk Hristo Ignacy Igor Ilona Imre Ioan Ioana Ioannis Ion Ireneusz
    Irina István Ivan Ivana Ivanka Iveta Iwona Izabela Jacek Jadwiga Jan Jana Janina János Janusz Jarosław
    Jaroslav Jerzy Jiří Jiřina Joanna Jolanta Josip József Jovan Jovana Julia Justyna Kamil Kamila Karel Karol
    Karolina Katarzyna Kateřina Katalin Kazimierz Kinga Kirill Klára Konstantin Konstantinos Kostas Krystian
    Krystyna Krzysztof Ladislav Lajos László Lech Lenka Leszek Leonid Libor Lidia Liliana Lucjan Lucyna
    Ludmila Łukasz Lyubov Maciej Magdalena Maksim Maksym Malgorzata Marcin Marek Margarita Marian Mariana
    Marianna Mariola Marija Marko Mariusz Márta Martin Mária Mateusz Mátyás Michaela Michal Mieczysław Mihai
    Mihail Mihály Mikhail Mikołaj Mila Milan Milena Milica Miloš Miłosz Miodrag Mircea Mirela Miroslav
    Mirosław Miroslava Mladen Monika Nadezhda Natalia Nataliya Natasa Nebojša Nicoleta Nicolae Nikita Nikola
    Nikolai Nikolaos Nikolay Nikos Norbert Oksana Oleg Olena Oleksandr Olga Olha Oskar Ottó Panagiotis
    Patrycja Patryk Paulina Pavel Paweł Pavol Petar Péter Petr Petra Petros Piotr Plamen Przemysław Predrag
    Radek Radka Radmila Radomír Radosław Radu Rafał Raisa Réka Renata Robert Roksana Roman Romana Róża Ruslan
    Rozalia Ryszard Sándor Serafima Sergei Sergey Serhiy Sława Slavica Slavko Slobodan Snežana Sofia Sorin
    Spyros Stanislav Stanislava Stanisław Stanisława Stavros Stefan Stefania Stepan Stjepan Svetlana
    Światosław Sylwester Sylwia Szabolcs Szymon Tadeusz Taras Tatiana Tatyana Teodor Teresa Tereza Tetyana
    Tibor Tihomir Tomáš Tomasz Tünde Urszula Václav Vadim Valentina Valeriu Valeriy Vasil Vasile Vasilis
    Vasily Vendula Vera Veronika Vesna Victor Viktor Viktória Viorel Vit Vitaly Vladimir Vlasta Vojtěch
    Volodymyr Wacław Waldemar Wanda Weronika Wiesław Wiesława Wiktor Wiktoria Witold Władysław Władysława
    Włodzimierz Wojciech Yaroslav Yekaterina Yelena Yevgeny Yulia Yuri Yuriy Zbigniew Zbyněk Zdeněk Zdenka
    Zdzisław Željko Zenon Zofia Zoltán Zoran Zsófia Zsuzsanna Zuzana Zygmunt Zlatan Ákos Ágnes Aare Adina
    Adrianna Adrienn Afanasy Agapi Aggeliki Agim Aglaya Agnija Ágota Agron Aigars Aija Aikaterini Ainārs Aivar
    Aivars Ajša Akim Aladár Albana Albulena Aldona Aleksa Aleksey Alen Alenka Aleš Alevtina Alexandr
    Alexandros Alexei Alexey Alexios Alfreda Alicja Alin Alkistis Almir Alojzy Altin Alyona Alžběta Amarildo
    Ambroży Amel Amela Amra Anahit Anamaria Anastasios Anastasiya Anastazja Anatolii Anatoliy Anđela Andjela
    Andrey Andrija Andris Androniki Anetta Anežka Anfisa Angeliki Angelos Anila Anișoara Antal Anthi Antigoni
    Anto Antonie Antonina Antonis Antra Apolena Apostolos Aram Aranka Ararat Arben Arbër Ardian Ardit Areti
    Arevik Argyris Argyro Arijana Arina Aristea Aristeidis Aristotelis Arkady Arleta Armands Armen Armine
    Árpád Arpine Arsen Arseniy Artan Artashes Artavazd Artemis Artis Artyom Arvydas Asmir Aspasia Astghik Asya
    Athanasia Athanasios Athina Audrius Augustyn Aurel Aurelia Aurelian Aušra Avetik Avni Avtandil Baiba Bakar
    Balbina Bardha Barnabás Bartek Bashkim Bedřich Beka Bekim Benedykt Berenika Bernadett Bertalan Besa Besart
    Besik Besmir Besnik Biljana Bilyana Bistra Blanka Blaž Błażej Blažena Blaženka Blerim Blerina Blerta
    Bogdana Bogdanka Boglárka Bogumiła Bogusława Bohdana Bohumír Bohuslav Bojana Borbála Boro Borys Boštjan
    Botond Boyan Boyka Boyko Boža Božidar Božo Branimir Branislav Branka Brankica Bronislav Brygida Bujar
    Cătălin Cecylia Celina Čeněk Cezar Chara Charalampos Chariklia Christos Chrysa Chrysanthi Chrysostomos
    Chrysoula Ciprian Claudiu Codruța Corina Cornel Cosmin Cosmina Costel Costin Crina Cristi Csaba Csilla
    Cvijeta Czarek Dace Dafina Daina Dainis Daiva Dalibor Dalma Danae Danijel Danijela Dănuț Darija Darina
    Darinka Dariu Darius Darko Darya Dato Davit Davor Davorka Dawid Delyan Demyan Dénes Denisa Denitsa Desanka
    Desislav Desislava Despina Dezső Dijana Dimitrina Dimka Dimosthenis Dionysia Dionysios Dionysis Divna
    Dmitriy Dmytro Dobrila Dobrin Dobromila Dobrosława Doina Domagoj Dominika Donka Đorđe Dorin Dorina Dragana
    Dragiša Dragoljub Dragomir Dragoș Dragutin Drahomíra Draško Dražen Drita Driton Dubravka Dumitra Dumitru
    Dunja Đuro Dušanka Dženana Ecaterina Edgars Edik Edin Edina Edit Edlira Edona Eduard Efim Efstathios
    Efstratios Efthymia Efthymios Egidijus Eglė Egor Egzon Eirini Ekaterine Eleftheria Eleftherios Elek Elene
    Eleutheria Elira Elisavet Eliška Elitsa Eliza Elizaveta Elona Elpida Elvir Elvyra Elwira Emese Emilian
    Emiliya Emina Emmanouil Emőke Endrit Enes Enikő Enisa Enver Erblin Erion Ermal Ermin Ermioni Ermira Ernő
    Ervin Eryk Eszter Etelka Eteri Eustachy Evangelia Evangelos Evanthia Evdokia Evgenia Evgenii Evgeniy
    Evgeniya Evridiki Evžen Ewelina Fadil Fahrudin Fani Fanni Fatbardha Fatjon Fatmir Fedor Felicja Feliks
    Ferdynand Fikreta Filip Filipp Filippos Fitim Fitore Flaka Flamur Flaviu Flavius Floarea Flóra Florentina
    Florica Florim Flutura Foteini Fotini Fotios Fotis Franciszka Franjo Františka Fruzsina Fryderyk Fyodor
    Gabrijela Gagik Galin Galya Galyna Garegin Garyfallia Gavriil Gavril Gayane Gediminas Gellért Genc
    Genowefa Georgeta Georgiana Georgiy Gerasimos Gergan Gergana Gergely Gevorg Géza Gezim Gica Giedrė Ginka
    Gintaras Gintarė Gints Giorgi Givi Gizella Gjergj Gleb Gocha Gohar Gojko Gorana Gorazd Gracjan Grigor
    Grigore Grigori Grigoris Grigoriy Grozdana Gulnara Guntars Guntis Guram Gurgen Gustaw Gusztáv Gyöngyi
    Gyula Hajnal Hajnalka Hajrije Hajrudin Hakob Halyna Hanka Haralambos Haris Harris Hasiba Hasime Hasmik
    Hayk Hedvig Hedvika Heino Hele Helve Hennadiy Henryka Hieronim Honza Horea Horia Hovhannes Hovik Hrachya
    Hripsime Hristina Hrvoje Hryhoriy Iacob Iakovos Iasonas Ibolya Ieva Ihor Ildikó Ilia Ilian Ilias Ilie
    Ilija Ilinca Ilir Ilirjana Iliyan Iliyana Illés Ilmārs Ilya Ilze Ināra Indrė Inese Ineta Inna Innokenty
    Ioachim Ioanna Ioli Ionel Ionela Ionuț Ippokratis Irakli Irén Irena Irini Iskra Ismini Iulia Iulian
    Iuliana Iuliu Ivanna Ivaylo Ivelina Ivett Ivica Ivona Izabella Jaak Jaan Jadranka Jagoda Jakub Janez Jānis
    Janja Jarek Jarmila Jaromir Jaroslava Jasenka Jasmina Jasna Jehona Jelena Jelica Jelka Jenő Jernej Jerneja
    Jindra Jindřich Jitka Jolán Jolana Jolita Jovanka Jože Józef Józefa Judita Julianna Juliusz Jūratė Jure
    Jurgita Jüri Jurica Juris Kaarel Kacper Kadri Kaie Kaire Kaja Kajetan Kakha Kalin Kalina Kalliopi
    Kallirroi Kálmán Kaloyan Kameliya Kamilla Kastriot Kata Kateryna Katica Katina Katinka Kazimiera Kelemen
    Kęstutis Ketevan Keti Khachatur Khatia Khatuna Khrystyna Kira Kiril Klaudie Klavdia Kleanthis Klemen
    Klemens Kleopatra Koba Konstadinos Konstantina Konstanty Kornel Kornelia Kosmas Krasimir Krasimira
    Krešimir Kristaps Kristóf Kristýna Krisztián Krisztina Krunoslav Krzysiek Ksawery Ksenia Ksenija Kseniya
    Kujtim Külli Kushtrim Kuzma Květa Květoslava Kyriaki Kyriakos Lachezar Lada Laima Laimonis Lali Lambros
    Lamprini Lampros Larisa Larysa Lasha Laurențiu Lazar Lejla Lembit Leokadia Leonia Leonida Leontin Lev
    Levan Levente Levon Libuše Lidija Lidiya Liene Līga Liina Lilit Liliya Lilla Lilyana Linas Lirije Lirim
    Liudmyla Liviu Ljerka Ljiljana Ljubica Ljubiša Ljubomir Longina Loránd Lóránt Loukas Loukia Lovro Ľubica
    Lubomir Luboš Lucian Lucija Lucja Luděk Ludwik Ludwika Lujza Luka Lulzim Luminița Lumír Lumnije Lusine
    Lyuben Lyubomir Lyudmil Lyudmila Mădălina Madara Magdolna Maie Majlinda Maka Makis Maksymilian Malwina
    Mamuka Manana Manolis Mantas Manushak Marcelina Marcell Marcjanna Marfa Margarit Marianthi Maricica Mariia
    Marijan Marijana Marin Marinko Marios Maris Mariya Marjana Marju Markéta Marlena Maro Mart Mārtiņš Márton
    Martyna Maryna Marzena Maša Máté Matei Matěj Mateja Matija Matina Matjaž Mato Matouš Matvei Matylda
    Maurycy Maxim Meho Melisa Melita Menelaos Merike Merima Merita Metka Mher Michail Michalina Michalis
    Mihaela Mihajlo Mihkel Mihnea Mijo Mikhailo Mikheil Miklós Milada Milana Milanka Milcho Mile Milen Mileva
    Milijana Milivoj Milka Milodrag Milorad Milosav Miloslav Milouš Milovan Miltiadis Miluše Milutin Mimoza
    Mindaugas Mioara Mira Miralem Mirel Mirjana Mirka Mirlinda Miron Mirosława Mirsad Mirsada Miruna Mirza
    Mitar Mitko Mkrtich Mladenka Mojca Momchil Momčilo Momir Muamer Muhamed Mykhailo Mykola Mykolas Myroslav
    Myroslava Myrto Mzia Nada Naděžda Nadica Nadiya Nadya Nafsika Naim Naira Nándor Nani Narek Narine Nastasia
    Nastya Natalija Natalya Natan Natela Nato Nazar Nazariy Nazmije Nderim Neda Nedeljka Nedeljko Nefeli
    Nektaria Nektarios Neli Nelli Nelu Nenad Neoklis Neringa Nermina Nevena Nevenka Nexhmije Nicolaie Nicolaos
    Nicu Nicușor Nihad Nika Niki Nikifor Nikiforos Nikodem Nikolas Nikoleta Nikolett Nikolina Nikoloz Nodar
    Nona Nonna Normunds Nugzar Nune Nvard Oana Octavia Octavian Odysseas Ognjen Ognyan Oktawia Oldřich Oleksii
    Oleksiy Olesia Olesya Olgierd Olivera Oliwia Oliwier Olja Olympia Ondřej Orest Orestis Orlin Ornela
    Orsolya Ostap Oszkár Otakar Otar Otylia Ourania Ovidiu Paata Panagiota Panayiotis Panna Panos Paraschiva
    Paraskevas Paraskevi Patrik Pavla Pavlína Pavlo Pavlos Pelagia Pencho Persefoni Petko Petro Petronela
    Petroula Petru Petruța Petya Pinelopi Piotrek Piroska Plamena Platon Pola Polina Polychronis Polyxeni
    Povilas Pranvera Pravoslav Přemysl Priit Prodromos Prokhor Przemek Qamil Radim Radislav Radivoje Radmilo
    Radojka Radomíra Radoslav Radoslava Radoslavka Radostina Radovan Rafik Raimonds Raivo Rajmund Rallou
    Raluca Ramūnas Ranka Ranko Rareș Rastko Ratka Ratko Razmik Răzvan Rebeka Refik Remigiusz Remus Renat Revaz
    Rexhep Rezső Riina Rimantas Rimma Roch Rodica Rodion Rodoula Romulus Rosen Rositsa Rostislav Rostyslav
    Roxana Rózsa Rufin Rufina Rumyana Ruslana Rustam Rusudan Rūta Ruxandra Ruža Ruzanna Růžena Ružica Safet
    Salomea Samvel Sanda Sanela Sanja Sarantis Sargis Šárka Sarmīte Sarolta Saša Satenik Savely Savo Savvas
    Sead Sebestyén Šefik Semyon Senad Senada Septimiu Sergej Sergii Sergiu Serhii Sevak Seweryn Shalva Shamil
    Shpend Shpresa Shqipe Shushan Sigita Silvie Silvija Silviu Silviya Šime Simeon Simina Siniša Sintija
    Siranush Sirje Skaidrīte Skender Slađana Sláva Slavenka Slavoljub Sławomir Slobodanka Smaranda Smilja
    Snezhana Snježana Sofiya Sofoklis Sofya Sokol Solomiya Solvita Soňa Sonya Sopio Sorina Sotiria Sotirios
    Sotiris Spasoje Špela Spyridon Spyridoula Srđan Sreten Stamatia Stamatis Stana Stanimir Stanka Stanko
    Stasys Stavroula Stefka Stela Stelios Steluța Štěpánka Stergios Stevan Stojan Stojanka Stoyan Stoyanka
    Stratos Styliani Stylianos Suada Suela Sunčica Suren Suvad Svatopluk Svetoslav Svetoslava Svetozar Svilen
    Svitlana Svjetlana Svyatoslav Syuzanna Szabina Szandra Szczepan Szilárd Szilveszter Szilvia Szonja Tadeáš
    Taisia Taisiya Takis Tamar Tamás Tamaz Tamta Tamuna Tarmo Tasos Tasoula Taťána Tatev Teimuraz Tekla Temur
    Teofil Teona Teréz Terézia Terezie Tetiana Teuta Thanasis Thanos Theodoros Theofanis Theofilos Theologos
    Thomais Tiberiu Tigran Tihamér Tiit Tijana Tikhon Tímea Timofei Timur Tinatin Titus Titusz Tivadar Toader
    Tobiasz Todor Todorka Tola Tomislav Tonči Tõnis Tõnu Toomas Tosia Traian Triantafyllos Triin Tryfon Tsira
    Tsonka Tsvetan Tsvetana Tsvetelina Tsvetomir Tudor Tymon Tymoteusz Uliana Ülle Ulyana Urmas Uroš Urška
    Urve Václava Vadym Vahagn Vahan Vaida Vaike Väino Vaios Vakhtang Valbona Valdete Valdis Valentyna Valeri
    Valeriya Valia Valon Vangelis Vanja Vanya Vardan Varduhi Varvara Vasileios Vasilica Vasilija Vasiliki
    Vasilisa Vasiliy Vasilka Vassiliki Vassilis Vasyl Vazgen Vazha Vedad Vedran Vedrana Velichka Velimir
    Velislava Veljko Vendel Venera Věroslava Veselin Veselina Veselinka Vicky Vid Vida Viera Viesturs Viive
    Viktoriya Vilém Viliam Vilko Vilmos Vilnis Vince Vinko Viorica Virág Virgil Virginijus Višnja Vitali
    Vitalii Vitalina Vitaliy Vítězslav Vjekoslav Vjosa Vlad Vladan Vladimíra Vladislav Vladislava Vladlen
    Vlado Vladyslav Vlastimil Vlastimila Vlastislav Vlatka Vlatko Vlora Voichița Vojislav Volha Vratislav
    Vsevolod Vuk Vyacheslav Vytas Vytautas Wawrzyniec Wincenty Wioletta Wojtek Xanthi Xenia Xenofon Xhemal
    Xhevdet Yakov Yana Yanina Yanka Yanko Yaroslava Yasen Yefim Yegor Yelizaveta Yervand Yevhen Yevheniia
    Yevheniya Yiannis Yiorgos Ylli Yordan Yordanka Yulian Yuliia Yuliya Yurii Zaal Zacharias Zafeiris Zahar
    Zakhar Zalán Zamfir Zamira Žana Zane Žaneta Zara Žarko Zaruhi Zaven Zaza Zbyšek Zdislava Zdravka Zdravko
    Zdzisława Želmíra Zenobia Zenta Zhanna Zhivko Žiga Zinaida Zinovia Živka Živko Zlata Zlatica Zlatka Zlatko
    Zora Zorana Zorica Zorka Zoya Zrinka Zsanett Zsigmond Zsolt Zsombor Zsuzsa Zurab Zuzanna Zvonimir Zvonko
    Žydrūnas Zygfryd
"""
WEST_ASIA_AND_AFRICA: Final = """
    Abbas Abdallah Abdelaziz Abdelkader Abdelrahman Abdoul Abdul Abdulaziz Abdullah Abdulrahman Abebe Abena
    Abiodun Abimbola Abraham Adaeze Adama Adaora Adebayo Adel Adeola Adesola Adewale Adil Adnan Afia Ahmad
    Ahmed Ahmet Aicha Aisha Aïssatou Akosua Akua Akwasi Alemayehu Ali Alioune Almaz Ama Amadou Amal Aman Amani
    Amara Amare Amina Aminata Amine Amir Amira Amr Anwar Arash Arif Arslan Aryeh Asha Ashraf Asma Assefa Avi
    Avraham Ayaan Ayan Ayesha Aylin Ayman Ayodele Ayşe Ayşegül Azadeh Aziz Aziza Babak Babatunde Bahar Bakary
    Bashir Bassam Behrouz Berat Berk Beyza Bilal Binta Boubacar Bülent Burak Burcu Büşra Can Cem Cemal Cemil
    Chiamaka Chidi Chidinma Chiedu Chijioke Chika Chima Chimamanda Chinedu Chinwe Chioma Chukwudi Chukwuemeka
    Cihan Damilola Dariush Deniz Derya Desta Dina Djamel Djamila Doaa Ebrahim Ebru Ece Efua Ehab Ekaterini
    Ekene Ekrem Elham Elif Eman Emeka Emine Emre Ender Engin Ercan Erdem Erdoğan Eren Ergün Erkan Erol Ersin
    Ertan Esin Esra Esi Eyal Eyüp Fadi Fadila Fahad Faisal Farah Fareed Farhad Farid Farida Fariba Farouk
    Fatih Fatima Fatimah Fatma Fatou Fatoumata Ferhat Feride Feyza Fikret Filiz Folake Folasade Funmilayo
    Furkan Gamal Ghada Gizem Gökhan Gül Gülay Gülcan Güler Gülşen Gülsüm Güneş Habib Habiba Hadi Hadiza Hafsa
    Hakan Hala Haleh Halil Halima Hamed Hamid Hamza Hana Hanaa Hanan Hani Haluk Haruna Hasan Hassan Hatice
    Haya Heba Hicham Hilal Hind Hisham Hossein Houda Hüseyin Hussain Hussein Huda Hülya Ibrahim Idris Idrissa
    Ifeanyi Ifeoma Ihab Ilhan Iman Imran İpek Iqbal Ishaq Ismail Issa Iyabo Jalal Jamal Jamila Jaafar Jawad
    Jihad Jomo Kadir Kader Kamal Kamel Kamran Karim Karima Kaveh Kelechi Kemal Kenan Khadija Khaled Khalid
    Khalil Kofi Kojo Koray Kubra Kwabena Kwadwo Kwaku Kwame Lamia Lamine Latifa Layla Leila Leyla Levent Lina
    Loubna Maha Mahdi Mahmood Mahmoud Mahmut Mai Majid Makena Malek Malik Mamadou Manal Mansour Mariam Mariama
    Marwa Marwan Maryam Masoud Mayada Medhat Mehdi Mehmet Melek Meltem Menahem Merve Meryem Mina Mohamad
    Mohamed Mohammad Mohammed Mona Mordechai Moshe Mostafa Mounir Mouhamed Mouhammed Moussa Mucahit Muhammad
    Muhammed Muhammet Muhsin Muna Munir Murat Musa Mustafa Nabil Nabila Nader Nadia Naeem Naima Najat Najib
    Najla Nasser Nasrin Navid Nawal Nazanin Nazım Nazlı Necati Negar Nermin Nesrin Neşe Ngozi Nilüfer Nizar
    Nkechi Nnamdi Noor Noura Nour Nuray Nurcan Nurhan Nuri Nurten Obinna Okan Olabisi Olamide Olumide
    Oluwaseun Oluwatobi Omar Omer Onur Onyeka Orhan Osama Osman Oumar Ousmane Özge Özgür Özlem Parisa Parvin
    Pınar Rabia Rachida Raed Rafiq Raja Ramadan Ramazan Rami Ramin Rana Rania Rashid Raslan Rasha Recep Reem
    Reza Rim Riyad Roya Ruhi Saad Saadia Sabri Sadia Saeed Safa Safiya Said Saida Sajid Salah Saleh Salem
    Salim Salma Salman Salwa Sami Samia Samer Samir Samira Samuel Sana Sara Sayed Seda Sedat Sefa Segun Selim
    Selin Selma Semra Serdar Serkan Serpil Sevda Sevgi Sevil Seyed Shaban Shahid Shahram Shai Sherif Shirin
    Shlomo Sibel Siham Sinan Simin Soheila Souad Sofiane Songül Süleyman Suleiman Sultan Sunday Taha Taiwo
    Tamer Tarek Tariq Tayfun Temitope Tendai Tesfaye Thandiwe Thabo Tobiloba Tolga Tuba Tufan Tuğba Tülay
    Turgut Uchenna Ufuk Uğur Ümit Usman Usha Vahid Volkan Wafa Wael Wale Walid Wanjiru Waseem Yaa Yahya Yakup
    Yakubu Yaël Yasemin Yaşar Yasin Yasmin Yasmine Yasser Yavuz Yaw Yetunde Yıldız Yiğit Yitzhak Yohannes
    Yosef Youssef Yousuf Yunus Yusuf Zainab Zahra Zakaria Zahid Zaynab Zehra Zeinab Zeliha Zeynep Zineb Ziad
    Zodwa Zohra Zübeyde Abayomi Abdelhak Abdelhamid Abdelilah Abdelkrim Abdellah Abdelmajid Abdelouahab
    Abdennour Abderrahim Abderrahmane Abdeslam Abdessamad Abdi Abdikadir Abdinasir Abdirahman Abdirizak
    Abdolreza Abdou Abdoulaye Abdulkadir Abdulkarim Abdullahi Abdulmalik Abdulrahim Abdulwahab Abeer Aberash
    Abidemi Abidin Abiola Abir Abosede Abraha Abukar Achieng Achraf Adaku Adanech Adanma Adanna Addis Adebisi
    Adeboye Adedayo Adedoyin Adelaja Adeleke Adem Adenike Aderonke Adesina Adetokunbo Adetola Adham Adhiambo
    Adugna Adunni Afaf Afnan Afolabi Afsaneh Afshin Ahlam Ahmadreza Aibek Aïda Aigul Aiman Ainagul Ainembabazi
    Ainur Aissata Aizhan Ajani Ajayi Akeem Akello Akın Akinola Akintunde Akinwale Akinyi Akoto Akpan Akram
    Akwete Alaa Alem Alemitu Alemnesh Alev Alhaji Alia Aliakbar Aliou Alireza Aliya Aliyu Alpaslan Alper Altan
    Altynai Amaha Amaka Amanuel Amarachi Amena Amer Amirali Amirhossein Ammar Amobi Amran Amro Amsale Anahita
    Anas Anietie Anis Antwi Anuoluwapo Anyango Aous Apio Arame Arda Areej Aregawi Arezoo Arinze Aristide Arman
    Arsalan Aruzhan Arwa Arya Arzu Asad Asfaw Ashkan Asiimwe Askale Askar Asli Aslıhan Asmaa Asnakech Assane
    Assel Assia Assitan Astou Atakan Ataman Ataullah Atefeh Atena Atieno Atila Atinuke Auma Avigail Avital
    Aviv Awale Awatef Awino Aya Ayantu Ayat Ayça Ayda Aydan Aydın Ayelet Ayfer Ayhan Ayla Aynalem Aynur
    Ayobami Ayodeji Ayomide Ayoub Aytaç Ayten Azamat Azeb Azhar Azin Azita Azubuike Azza Azzam Babacar Babirye
    Bader Badia Badr Bahaa Bahadır Bahareh Bahati Bahattin Bahia Bahman Bahram Bakari Bakyt Balqis Bamidele
    Bankole Banu Baraka Barış Başak Basel Basem Basma Bassma Batoul Batuhan Batya Baurzhan Bayan Bayram Bedia
    Begüm Behiye Behnam Behnaz Behrooz Behzad Bekele Beletu Belgin Belma Benzion Berfin Bergül Berhane Berhanu
    Berivan Berkant Berkay Berna Berrin Bethlehem Bijan Biniam Bintou Binyamin Bircan Birgül Birhan Birol
    Birtukan Biruk Bita Bizunesh Boaz Bolanle Bolat Boluwatife Bora Bosede Botagoz Botan Boualem Bouchra
    Brahim Buğra Buket Bukola Bunmi Burhan Busisiwe Cabdi Cafer Çağatay Çağla Çağlar Çağrı Cahit Canan Caner
    Cansu Cavit Celal Celil Cengiz Ceren Çetin Cevat Cevdet Ceyda Ceyhun Chafik Chahrazad Chaim Chaima Chakib
    Chaltu Chana Charbel Chaya Cheikh Chibueze Chibuike Chibuzo Chidera Chidiebere Chiemeka Chigozie Chikwendu
    Chinaza Chinonso Chinyere Chisom Chizoba Chukwuebuka Chukwuma Çiğdem Coşkun Coumba Cumali Cüneyt Dafna
    Dagmawi Dagnachew Dalal Dalila Damla Danah Dania Danjuma Daoud Daryoush Dauren Davut Dawit Debebe Dechasa
    Deema Deeqa Defne Degan Dembe Demet Derartu Dereje Derin Devorah Devrim Dhahabo Dhia Dhoha Diallo Didem
    Dieudonné Dilan Dilara Dilek Dilnoza Dilshod Dima Dinara Diyar Djénéba Djibril Dlamini Doğan Doğukan Doha
    Dorcas Dov Duaa Dumisani Durmuş Dursun Duygu Dvora Ebele Ebenezer Ebere Ebubekir Ecem Echezona Eda Edem
    Efe Efosa Efrat Ege Ehud Einat Ekaette Ekow Ekram Ekua Elad Elaheh Eliezer Elisheva Eliyahu Elnaz Elsabet
    Elvan Emebet Emel Emin Emrah Endale Endalkachew Eniola Enyinnaya Ephrem Eray Erdal Erdinç Erez Ergin Erhan
    Erlan Ermias Ersoy Ertuğrul Eshe Eskinder Esmaeil Esmail Esperance Etenesh Evin Eyad Eyerusalem Eyitayo
    Eylem Eylül Ezana Ezgi Ezinne Ezzatollah Fadime Faduma Fadumo Fadwa Faezeh Fahd Fahima Faiza Fanta Faouzi
    Faramarz Farangis Farbod Fardowsa Farhan Farhiya Fariborz Farideh Faris Farnaz Farrokh Farrukh Farshad
    Farshid Faruk Farzad Farzaneh Fasil Fatai Fatemeh Faten Fathi Fathia Fatiha Fatimata Fatoumatta Fawzi
    Fawzia Fayez Faysal Fazıl Fedwa Fekadu Femi Feras Ferda Ferdi Fereshteh Fereydoun Feridun Feruza Feryal
    Fethiye Feven Fevzi Feyisara Fidan Fidelis Figen Fiifi Fikre Fikru Filsan Firas Firehiwot Fitsum Fodé
    Forough Fouad Fowsiya Freweini Fruma Fuat Fumnanya Funda Furaha Füsun Gadi Gamze Gaukhar Gaye Gbenga Gebre
    Gelila Getachew Getahun Gete Ghaith Ghasem Ghassan Ghazal Ghazaleh Ghazi Ghina Gholamreza Gila Gilad Girma
    Gizachew Gloriose Godwin Golda Golnar Golnaz Gonca Gönül Goodluck Görkem Gözde Gugu Gulab Gulalai Gülbahar
    Gulchehra Guled Gülfem Gülhan Gülistan Gülizar Gulmira Gulnar Gulnaz Gulnora Gülnur Gülseren Gülten Gürkan
    Güven Habibollah Habibou Habtamu Hacer Hadas Hadassah Haddy Hadeel Hadis Hadja Hagos Haidar Haifa Haile
    Hailu Haim Haimanot Haitham Hajar Hajer Hakim Halide Halimatou Halime Halis Halit Hamad Hamdan Hamdi
    Hameed Hamide Hamideh Hamidreza Hamisi Hamit Hamoud Hanadi Hanane Handan Haneen Hanieh Hanife Hanin Hany
    Haoua Harith Hashem Hasibe Hasna Hassana Hassna Hatem Hauwa Hava Havva Hayat Haydar Hayet Hayriye Haytham
    Hazal Hazem Hekmat Hend Henok Hêvî Hiba Hibaq Hibo Hicran Hikmat Hikmet Hila Hilmi Hirut Hiwot Hoda Hodan
    Homa Homayoun Hooman Hormoz Hosam Hosein Hosni Hossam Houshang Houssam Houssem Huriye Husam Husni Hüsnü
    Ibironke Ibtisam İclal Idan Idil Idir Idowu Idrissou Ifeoluwa Ifeyinwa Ifrah İhsan Ijeoma Ikechukwu Ikenna
    Ikram Ilana İlayda Ilgın İlkay İlker İlknur Imad Imane Imara Immaculée Inas Inbal İnci Insaf Intisar Iraj
    İrem Irit Irmak Isam Isatou Isayas Ishimwe Ishraq Isioma İskender Ismat İsmet Israa Issam Issouf Issoufou
    Istahil Itai Itoro Itzhak Iveren Iyad Jabali Jaber Jabir Jabr Jabu Jabulani Jafar Jainaba Jale Jaleh
    Jalila Jama Jamil Jamshed Jamshid Janyl Jasim Jassem Jasur Javad Jawaher Jelani Jideofor Jihan Joud Juma
    Jumana Jumoke Kaan Kadiatou Kadija Kadriye Kagiso Kairat Kalkidan Kaltun Kamau Kambiz Kambona Kamola
    Kamuran Kamyar Kanat Kanayo Kaouthar Karabo Karam Kassa Kassahun Katayoun Katlego Kato Kawthar Kayode
    Kazem Kazım Kebebush Kebede Kehinde Keivan Kelemu Kelenna Keneilwe Kerem Keren Keriman Keyvan Keza Kezban
    Khadeeja Khadidja Khadijatou Khadra Khalida Khalifa Khamis Khawla Khaya Kheira Kholoud Khosrow Khulood
    Khumbo Kianoush Kidane Kidist Kifle Kigen Kimia Kipkemboi Kiprono Kiptoo Kirabo Kito Kıvanç Kıymet Kobina
    Kobra Koffi Kossi Kouadio Kouamé Kourosh Kudret Kudzai Kunle Kürşat Kwasi Kwesi Ladan Lale Laleh Lamin
    Lamis Lamya Latifah Laziz Lekan Lelise Lemlem Lerato Lesedi Letay Liban Lidet Lindiwe Lior Liora Lolade
    Lubna Lujain Lulit Lulu Lulwa Lungile Lütfi Lütfiye Lwazi Maame Maan Maayan Maaza Madiba Madiha Madina
    Maduka Mahad Mahamadou Mahasin Mahboubeh Mahdia Maher Mahin Mahir Mahlet Mahnaz Mahsa Mahshid Mahtab
    Mahvash Maimouna Maisa Maisoon Majda Majed Majida Makame Makbule Makda Makhosi Malaika Malak Malalai
    Maliheh Malka Mamdouh Mame Mandana Mandla Mangaliso Mansoureh Maral Marème Mariame Mariamu Markos Marouane
    Maryan Maryem Marzieh Masego Masoumeh Matan Mathapelo Maysa Mayssa Mazal Mazhar Mbali Mbongeni Mebrahtu
    Medhanie Medhin Mediha Meerim Mehari Mehran Mehrdad Mehri Mehrnaz Mehrnoosh Meir Mekdes Mekonnen Melahat
    Melaku Melat Melda Melike Melis Memet Memnune Menachem Mengistu Meral Merav Meriem Merih Mersedeh Mert
    Meseret Mesfin Meskerem Messaoud Metehan Metin Mevlüt Mfanelo Mihret Mikias Milad Minoo Miray Mirembe
    Mishaal Mithat Mitra Mmabatho Moath Moaz Modou Mohammadreza Mohamud Mohanad Mohannad Mohsen Mojgan Mojtaba
    Mokhtar Momodou Moncef Monir Moran Morenike Moriamo Morteza Mosaab Moses Mosi Motaz Mouna Mourad Mozhgan
    Mpho Mthunzi Mualla Muammer Muath Muazzez Mubarak Mücella Müge Mugisha Muhannad Muharrem Muhiyadin Mujahid
    Müjde Mukadder Mukamana Mükerrem Mulatu Mulu Mulugeta Mumbi Münevver Munira Munther Murad Musab Musaed
    Müslüm Mustapha Mutaz Mutesi Muthanna Muthoni Muzaffer Müzeyyen Mwajuma Mwanaisha Mwanajuma Mwangi
    Mzwandile Naaman Nabirye Naciye Nadim Nafisa Nafissatou Nafiz Naftali Naghmeh Naguib Nahed Nahid Nahla
    Naif Naime Najah Najibullah Najlaa Najwa Nakato Naledi Nalubega Namuli Nana Nandipha Nardos Nargess
    Nargiza Nariman Naser Nashwa Nasima Nasra Nasreddine Nasrullah Nassim Nassima Nastaran Natnael Nawaf Nayef
    Nayla Naz Nazan Nazife Nazih Nazila Nazmi Nazmiye Ndeye Ndiaye Ndidi Ndubuisi Nduka Nebahat Nechama Neema
    Negasi Negin Nejat Nejla Nergis Neriman Nermeen Nesibe Neslihan Nesrine Neta Netsanet Nevin Nevine Nevzat
    Newroz Nezahat Nezha Ngcobo Nicodemus Nidal Nihal Nihan Nihat Nilay Nilgün Niloofar Niloufar Nimco Nimet
    Nimo Nisreen Nissim Nitzan Niyonzima Njambi Njeri Njoroge Nkem Nkemdilim Nkiruka Nkosinathi Nneka Nnenna
    Noam Nodira Noha Nokuthula Nomfundo Nompumelelo Nomsa Nomvula Nonhlanhla Nonso Nooshin Nosa Nosipho Nosrat
    Nothando Nouf Noureddine Nourhan Nouri Nozipho Nthabiseng Ntombi Ntombizodwa Nuha Nura Nuran Nurdan
    Nurettin Nurit Nuriye Nurlan Nursel Nursultan Nuru Nyambura Nyasha Nyokabi Obafemi Obiageli Obioma Ochieng
    Oday Oded Odhiambo Ofer Ofra Ogechi Oğuz Oğuzhan Okechukwu Okello Okoro Oktay Olajide Olakunle Olanrewaju
    Olasunkanmi Olawale Olayinka Oluchi Olufemi Olufunke Olusegun Olusola Olutayo Oluwadamilola Oluwafemi
    Oluwakemi Oluwatosin Omaima Omari Omid Omnia Omobolanle Omolara Omotola Omowunmi Omri Ömür Önder Öner
    Onyekachi Onyinye Onyinyechi Opeyemi Orçun Orit Orly Osaretin Osnat Otabek Othman Otieno Ouafa Oumou Oumy
    Oussama Oya Oyelaran Oyinkan Oyinkansola Ozan Özcan Özden Özer Özkan Paballo Pakize Palesa Palwasha Pantea
    Parastoo Parham Pari Parinaz Parviz Parwana Payam Pegah Pelin Pendo Perihan Pervin Peyman Phumzile Pinchas
    Pius Polat Pouria Pouya Qais Qusai Rabab Rabah Rabih Rachamim Radwa Radwan Rafat Rafi Raghad Raghda Ragheb
    Rahaf Rahel Rahim Rahime Rahma Rahmah Rahmatullah Rahmi Raizel Ramezan Ramy Ramzi Randa Raneem Ranim Raouf
    Rashed Rasheed Rashida Rashidi Raşit Rawan Raweya Rayan Razan Refilwe Rehema Remzi Remziye Resul Reuven
    Reyhan Riadh Ridha Rıdvan Ridwan Rıfat Riham Rima Rivka Robel Roble Rodaina Rojda Rojin Roni Ronit Roozbeh
    Roshanak Rostam Rotimi Rouba Rouhollah Ruba Rukiye Rula Ruqaya Ruqayya Rüya Saadi Saba Sabah Sabahat Şaban
    Sabiha Sabrine Sabriye Sade Sadegh Sadık Şadiye Saeid Safaa Saffet Safiatou Safwan Saghar Sahar Şahin
    Sahra Saido Sakile Sakina Şakir Salama Salif Saliha Salima Salimata Saloua Salum Samah Samaneh Samar
    Samatar Sameh Samih Samiha Samiullah Samiya Samrawit Sanaa Sanaz Sanele Saniye Sanusi Sapir Sardor Sarra
    Sasan Sauda Saule Sawsan Sebahat Seble Şebnem Seçil Sedef Sedigheh Sefer Seher Sekou Selahattin Selam
    Selamawit Selami Selcan Selçuk Selda Selen Sema Semhar Semih Semiha Senait Senem Sepehr Sepideh Serap
    Sercan Şeref Serhan Serhat Serhildan Şerife Serik Sermin Servet Setareh Seun Seval Sevara Sevcan Sevgül
    Sevim Sevinç Seyi Şeyma Seynabou Seyoum Sezen Sezer Sezgin Shabani Shabtai Shaden Shadi Shadia Shafiqa
    Shaghayegh Shahin Shahla Shahnaz Shahnoza Shahriar Shahrokh Shahrzad Shaima Shaimaa Shalom Shamso Shani
    Sharifa Shatha Shaul Shayan Shereen Sherine Sherzod Shewit Shifra Shima Shimelis Shimon Shira Shirel Shiva
    Shlomit Shmuel Shohreh Shokoufeh Shoshana Shukri Shukria Shulamit Siamak Siavash Sibongile Sibusiso Sıdıka
    Sifiso Sihem Simcha Simge Simindokht Simphiwe Simret Sindisiwe Sinem Sintayehu Siphiwe Sipho Sirous Sisay
    Sithembiso Şivan Siyabonga Sizwe Slimane Smadar Smail Sofien Soha Soheil Sohrab Solape Solomon Somayeh
    Soraya Soroush Souhail Souhir Souleymane Soumaya Ssali Suad Suat Sucaad Suha Suhad Suhaib Suhail Suhaila
    Suheir Şükran Şükrü Sulaiman Suldaan Şule Sumaya Sumayya Suna Suzan Sylvanus Tadele Tadesse Taghrid Tahani
    Tahar Taher Tahereh Tahsin Talal Taleb Talgat Tamim Tamirat Taner Tanju Taofeek Taoufik Tapiwa Taraneh
    Tarik Tariku Tatu Tawanda Tawfik Taylan Tebogo Tehila Tekle Teklu Temel Temesgen Temidayo Temilade Tendayi
    Tesfahun Tesfalem Tesfay Teshome Tevfik Tewodros Thabiso Thaer Thamer Thanaa Thandeka Thandi Themba
    Thembeka Thembi Thierno Thokozani Thulani Tigabu Tigist Tilahun Timuçin Tinashe Tirunesh Tirza Titilayo
    Tiwa Tizita Tochukwu Tolulope Toluwani Tomiwa Tosin Toufik Touraj Tova Toyin Tsegaye Tsehay Tshepo
    Tsholofelo Tsion Tsipora Tuğçe Tülin Tumaini Tumelo Tumusiime Tuncay Turan Turhan Türkan Turki Tzipora
    Tzvi Ubah Uche Uchechi Udoka Ugochi Ugochukwu Ukamaka Ulaş Ülkü Ulugbek Umar Umida Ümran Umut Ünal Unathi
    Upendo Uri Uwimana Uygar Vahide Varda Vedat Vered Vestine Veysel Vildan Vusi Vusumuzi Waad Wadad Wadih
    Wafaa Wahid Wahida Wairimu Waithera Wajdi Walaa Waleed Wambui Wangari Wangui Wanjiku Warsame Wassim Wasswa
    Wedad Wekesa Welat Wesam Widad Winta Wisam Wissam Woinshet Workinesh Worku Yaakov Yacine Yacouba Yafit
    Yağmur Yahia Yair Yalçın Yaman Yaqoub Yardena Yared Yaren Yaron Yasaman Yassin Yassine Yaya Yazan Yazid
    Yechiel Yehia Yehoshua Yehuda Yehudit Yeliz Yemane Yerlan Yeshi Yeşim Yewande Yibeltal Yiftach Yigal
    Yılmaz Yinka Yisrael Yitzchak Yoav Yocheved Yodit Yoel Yona Yonas Yonatan Yonca Yoram Yordanos Yossi
    Younes Younis Yousef Yousra Youssouf Yücel Yüksel Yurdagül Yusra Yuval Zabihullah Zafer Zahava Zaher Zahia
    Zahir Zahro Zaid Zaina Zainabu Zaituni Zakariya Zaki Zalman Zandile Zanele Zarghona Zarmina Zawadi Zayd
    Zayed Zehava Zein Zeina Zekeriya Zeki Zekiye Zelal Zelalem Zenebech Zerihun Zerrin Zewdie Zewditu Zhaleh
    Zhanar Zhibek Zilola Zina Zinhle Zişan Ziya Ziyad Zohair Zoheir Zohreh Zola Zoleikha Zoubida Zoubir
    Zouhair Zoulikha Zozan Zuberi Zuhair Zuhal Zuhra Zukiswa Zulaikha Zülfiye Zülfü Zuwena
"""
